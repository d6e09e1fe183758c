using System.Diagnostics.CodeAnalysis;
using System.Text;
using Bazil.Core;

namespace Bazil.Server.Storages;

/// <summary>
/// Where objects are kept: this node's own store, a directory, or a peer. A closed set; as text <c>local</c>, an absolute path,
/// or <c>peerkey:</c> and the peer's key.
/// </summary>
public abstract record StorageAddress
{
    private const string LocalText = "local";
    private const string PeerPrefix = "peerkey:";

    private StorageAddress()
    {
    }

    /// <summary>The files below <c>chunks</c> in the data directory.</summary>
    public static StorageAddress Local { get; } = new LocalStorage();

    /// <summary>Parses what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out StorageAddress? address)
    {
        address = null;
        if (text == LocalText) address = Local;
        else if (text.StartsWith('/') && !text.Contains('\0') && Encoding.UTF8.GetByteCount(text) <= Limits.PathBytesMax) address = new DirectoryStorage(text);
        else if (text.StartsWith(PeerPrefix, StringComparison.Ordinal) && PeerId.TryParse(text.AsSpan(PeerPrefix.Length), out PeerId peer))
        {
            address = new PeerStorage(peer);
        }

        return address is not null;
    }

    /// <summary>If the text names a peer (by key or by nickname), returns what follows the prefix.</summary>
    public static bool TryGetPeerText(string text, [NotNullWhen(true)] out string? peer)
    {
        peer = text.StartsWith(PeerPrefix, StringComparison.Ordinal) ? text[PeerPrefix.Length..] : null;
        return peer is not null;
    }

    /// <summary>This node's own store.</summary>
    public sealed record LocalStorage : StorageAddress
    {
        public override string ToString() => LocalText;
    }

    /// <summary>A files store in a directory such as a USB disk.</summary>
    public sealed record DirectoryStorage(string Path) : StorageAddress
    {
        public override string ToString() => Path;
    }

    /// <summary>The storage that a peer lets us use.</summary>
    public sealed record PeerStorage(PeerId Peer) : StorageAddress
    {
        public override string ToString() => PeerPrefix + Peer;
    }
}
