using System.Security.Cryptography;
using Bazil.Core.Crypto;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil sharing</c>. A key that is added counts at once, also for volumes that wait for it.</summary>
internal sealed class SharingCommands(ConfigStore config, VolumeEpochs epochs, VolumeRegistry volumes, RotationWorker rotation)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.SharingAdd, (request, _) => Task.FromResult(Add(request)));
        dispatcher.Add(ControlMethods.SharingList, (_, _) => Task.FromResult(List()));
        dispatcher.Add(ControlMethods.SharingExport, (request, _) => Task.FromResult(Export(request)));
        dispatcher.Add(ControlMethods.SharingRemove, RemoveAsync);
    }

    private Nothing Add(SharingAddRequest request)
    {
        try
        {
            config.AddSharingKey(request.Name, request.Secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request.Secret);
        }

        epochs.Keys.Added();
        rotation.Nudge();
        return Nothing.Instance;
    }

    private SharingListReply List() => new([
        .. config.ListSharingKeys().Select(name =>
        {
            KeyFingerprint key = epochs.Keys.Get(name).Fingerprint;
            return new SharingInfo(name, VolumesOf(key), key.ToString());
        }),
    ]);

    private SharingExportReply Export(SharingRequest request)
    {
        NameRules.Check("sharing key name", request.Name);
        return new SharingExportReply(config.GetSharingKey(request.Name), VolumesOf(epochs.Keys.Get(request.Name).Fingerprint));
    }

    /// <summary>Refused as long as anything here needs the key, unless it is here under another name, too.</summary>
    private async Task<Nothing> RemoveAsync(SharingRequest request, CancellationToken cancel)
    {
        NameRules.Check("sharing key name", request.Name);
        CryptographicOperations.ZeroMemory(config.GetSharingKey(request.Name));
        KeyFingerprint key = epochs.Keys.Get(request.Name).Fingerprint;
        bool isElsewhere = config.ListSharingKeys().Any(name => name != request.Name && epochs.Keys.Get(name).Fingerprint == key);
        foreach (VolumeConfig volume in isElsewhere ? [] : config.ListVolumes())
        {
            if (volume.SharingKeyName == request.Name) rotation.Rename(volume); // to the newest, if that is not the one
            OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
            if (open.Volume.NeedOf(key) is not { } need) continue;
            throw new CommandFailedException(ErrorKind.Busy, $"sharing key {request.Name} cannot be removed: it is {need}", $"see: bazil volume show {volume.Name}");
        }

        config.RemoveSharingKey(request.Name);
        epochs.Keys.Removed(request.Name);
        return Nothing.Instance;
    }

    private IReadOnlyList<string> VolumesOf(KeyFingerprint key) =>
        [.. config.ListVolumes().Where(volume => epochs.Of(volume).Contains(key)).Select(static volume => volume.Name)];
}
