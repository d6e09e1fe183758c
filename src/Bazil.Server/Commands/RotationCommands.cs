using Bazil.Core.Crypto;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil volume rotate</c>. It returns when the epoch has begun; the content is sealed anew in the background.</summary>
internal sealed class RotationCommands(ConfigStore config, VolumeEpochs epochs, Descriptions descriptions, VolumeRegistry volumes, RotationWorker rotation)
{
    public void Register(ControlDispatcher dispatcher) => dispatcher.Add(ControlMethods.VolumeRotate, RotateAsync);

    private async Task<VolumeInfo> RotateAsync(VolumeRotateRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        NameRules.Check("sharing key name", request.SharingKey);
        KeyFingerprint key = epochs.Keys.Get(request.SharingKey).Fingerprint;
        OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
        open.Volume.Rotate(key);

        // Durable before it is reported: whoever is told may begin to hand out the key, and to count on the old one being of the past.
        await open.Volume.SyncAsync(cancel);
        rotation.Rename(volume);
        rotation.Nudge();
        return descriptions.Of(config.GetVolume(volume.Name));
    }
}
