using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Volumes;

/// <summary>
/// What members of volumes lack to follow a rotation, as the last attempt with each has shown: said once in the log, and shown by
/// <c>status</c> and <c>volume show</c> until an exchange succeeds. Safe for concurrent use.
/// </summary>
internal sealed class KeyNotes(ConfigStore config, SharingKeyRing keys, ILogger<KeyNotes> log)
{
    private readonly ConcurrentDictionary<(VolumeId Volume, PeerId Peer), Note> _notes = new();

    /// <summary>The peer asks for a key that is not here.</summary>
    public void LackHere(VolumeId volume, PeerId peer, KeyFingerprint key) => Put(volume, peer, new Note(key, IsPeers: false));

    /// <summary>The peer lacks a key that is here.</summary>
    public void LackThere(VolumeId volume, PeerId peer, KeyFingerprint key) => Put(volume, peer, new Note(key, IsPeers: true));

    /// <summary>Something was exchanged: whatever was missing is there now.</summary>
    public void Clear(VolumeId volume, PeerId peer) => _notes.TryRemove((volume, peer), out _);

    public IEnumerable<WarningInfo> Of(VolumeConfig volume)
    {
        foreach (((VolumeId id, PeerId peer), Note note) in _notes.OrderBy(static entry => entry.Key.Peer.ToString()))
        {
            if (id != volume.Id || (!note.IsPeers && keys.NameOf(note.Key) is not null)) continue;
            yield return new WarningInfo(MessageOf(volume.Name, peer, note), NextStepOf(volume.Name, peer, note));
        }
    }

    private void Put(VolumeId volume, PeerId peer, Note note)
    {
        bool isNew = !_notes.TryGetValue((volume, peer), out Note? old) || old != note;
        _notes[(volume, peer)] = note;
        if (!isNew || config.FindVolume(volume)?.Name is not { } name) return;
        DaemonLog.KeyLacking(log, MessageOf(name, peer, note), NextStepOf(name, peer, note));
    }

    private string MessageOf(string volume, PeerId peer, Note note) => note.IsPeers
        ? $"peer {NameOf(peer)} has not got sharing key {note.Key} of volume {volume} yet: nothing is exchanged with it until then"
        : $"volume {volume}: peer {NameOf(peer)} uses sharing key {note.Key}, which is not on this machine: the volume was rotated there, or it is the wrong key";

    private string NextStepOf(string volume, PeerId peer, Note note) => note.IsPeers
        ? $"give it the key: here, bazil sharing export {keys.NameOf(note.Key) ?? "NAME"} FILE; there, bazil sharing add NAME <FILE"
        : $"if it was rotated, get the key: on {NameOf(peer)}, bazil sharing export NAME FILE; here, bazil sharing add NAME <FILE, then bazil volume sync {volume} {NameOf(peer)}";

    private string NameOf(PeerId peer) => config.FindPeer(peer)?.DisplayName ?? peer.ToString();

    private sealed record Note(KeyFingerprint Key, bool IsPeers);
}
