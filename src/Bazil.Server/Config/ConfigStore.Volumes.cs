using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Server.Errors;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Config;

public sealed partial class ConfigStore
{
    /// <summary>Stores a new volume with the next free local number and returns it.</summary>
    /// <param name="keyGeneration">Which epoch of the volume the sharing key belongs to.</param>
    /// <param name="prepare">Makes the volume's own rows before the volume is known; a number whose preparation was not finished is given out again.</param>
    /// <param name="isImporting">It is not to be kept before it is complete.</param>
    /// <exception cref="CommandFailedException">Bad or used name, a volume that is here already, or an unknown sharing key.</exception>
    public VolumeConfig AddVolume(string name, VolumeId id, string sharingKeyName, VolumeStorage storage, Action<VolumeConfig> prepare, uint keyGeneration = 1, bool isImporting = false)
    {
        NameRules.Check("volume name", name);
        lock (_gate)
        {
            IReadOnlyList<VolumeConfig> volumes = ListVolumes();
            foreach (VolumeConfig other in volumes)
            {
                if (other.Name == name) throw new CommandFailedException(ErrorKind.AlreadyExists, $"volume {name} exists already", "see: bazil volume list");
                if (other.Id == id) throw new CommandFailedException(ErrorKind.AlreadyExists, $"this volume is here already, as {other.Name}", "see: bazil volume list");
            }

            CryptographicOperations.ZeroMemory(GetSharingKey(sharingKeyName));
            uint localNumber = volumes.Select(static v => v.LocalNumber).DefaultIfEmpty(0u).Max() + 1;
            var volume = new VolumeConfig(name, localNumber, id, sharingKeyName, [storage], null) { KeyGeneration = keyGeneration, IsImporting = isImporting };
            prepare(volume);
            Put(Key(Table.Volume, name), ConfigRows.WriteVolume(volume));
            return volume;
        }
    }

    /// <exception cref="CommandFailedException">There is no volume of that name.</exception>
    public VolumeConfig GetVolume(string name)
    {
        NameRules.Check("volume name", name);
        byte[] value = _store.Get(Key(Table.Volume, name))
            ?? throw new CommandFailedException(ErrorKind.NotFound, $"there is no volume {name}", "see: bazil volume list");
        return ConfigRows.ReadVolume(name, value);
    }

    /// <summary>All volumes, sorted by name bytewise.</summary>
    public IReadOnlyList<VolumeConfig> ListVolumes() =>
        ReadAll(Table.Volume, static (key, value) => ConfigRows.ReadVolume(NameOf(key), value));

    /// <summary>The volume of that id, or null.</summary>
    public VolumeConfig? FindVolume(VolumeId id) => ListVolumes().FirstOrDefault(v => v.Id == id);

    /// <summary>Replaces a volume's row by what the function makes of it, and returns that. Name, number and id stay.</summary>
    public VolumeConfig UpdateVolume(string name, Func<VolumeConfig, VolumeConfig> change)
    {
        lock (_gate)
        {
            VolumeConfig old = GetVolume(name);
            VolumeConfig changed = change(old);
            Invariant.Check(changed.Name == old.Name && changed.Id == old.Id && changed.LocalNumber == old.LocalNumber);
            Invariant.Check(changed.Storages.Length > 0);
            Put(Key(Table.Volume, name), ConfigRows.WriteVolume(changed));
            return changed;
        }
    }

    /// <summary>Forgets a volume; its rows are the caller's to delete.</summary>
    /// <exception cref="CommandFailedException">There is no volume of that name.</exception>
    public void RemoveVolume(string name)
    {
        lock (_gate)
        {
            _ = GetVolume(name);
            Delete(Key(Table.Volume, name));
        }
    }
}
