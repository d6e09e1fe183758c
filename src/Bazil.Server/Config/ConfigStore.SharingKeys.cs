using System.Security.Cryptography;
using Bazil.Core.Crypto;
using Bazil.Server.Errors;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Config;

public sealed partial class ConfigStore
{
    /// <summary>Stores a sharing key under a new name.</summary>
    /// <exception cref="CommandFailedException">Bad name, not 32 bytes, or the name exists.</exception>
    public void AddSharingKey(string name, ReadOnlySpan<byte> secret)
    {
        NameRules.Check("sharing key name", name);
        if (secret.Length != ConfigRows.SecretSize)
        {
            throw new CommandFailedException(
                ErrorKind.Invalid,
                $"sharing key {name} must be exactly {ConfigRows.SecretSize} bytes, not {secret.Length}",
                "make one with: dd if=/dev/urandom of=sekrit bs=32 count=1");
        }

        lock (_gate)
        {
            byte[]? old = FindSharingKey(name);
            if (old is not null)
            {
                CryptographicOperations.ZeroMemory(old);
                throw new CommandFailedException(ErrorKind.AlreadyExists, $"sharing key {name} exists already", "see: bazil sharing list");
            }

            byte[] row = ConfigRows.WriteSharingKey(secret);
            Put(Key(Table.SharingKey, name), row);
            CryptographicOperations.ZeroMemory(row);
        }
    }

    /// <summary>The 32 bytes of a sharing key, or null. The caller clears them.</summary>
    public byte[]? FindSharingKey(string name) =>
        _store.Get(Key(Table.SharingKey, name)) is { } value ? ConfigRows.ReadSharingKey(name, value) : null;

    /// <inheritdoc cref="FindSharingKey"/>
    /// <exception cref="CommandFailedException">There is no such key.</exception>
    public byte[] GetSharingKey(string name) =>
        FindSharingKey(name)
        ?? throw new CommandFailedException(ErrorKind.NotFound, $"there is no sharing key {name}", $"see: bazil sharing list; add it with: bazil sharing add {name} <FILE");

    /// <summary>A sharing key, ready for use. The caller disposes it.</summary>
    /// <exception cref="CommandFailedException">There is no such key.</exception>
    public SharingKey OpenSharingKey(string name)
    {
        byte[] secret = GetSharingKey(name);
        try
        {
            return new SharingKey(secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Forgets a sharing key. That no content needs it is the caller's to see to.</summary>
    /// <exception cref="CommandFailedException">There is no such key, or a volume names it.</exception>
    public void RemoveSharingKey(string name)
    {
        NameRules.Check("sharing key name", name);
        lock (_gate)
        {
            CryptographicOperations.ZeroMemory(GetSharingKey(name));
            if (ListVolumes().FirstOrDefault(v => v.SharingKeyName == name) is { } volume)
            {
                throw new CommandFailedException(
                    ErrorKind.Busy, $"sharing key {name} cannot be removed: volume {volume.Name} is sealed with it", $"rotate the volume to another key: bazil volume rotate -sharing=NAME {volume.Name}");
            }

            Delete(Key(Table.SharingKey, name));
        }
    }

    /// <summary>The names, sorted bytewise.</summary>
    public IReadOnlyList<string> ListSharingKeys() => ReadAll(Table.SharingKey, static (key, value) =>
    {
        string name = NameOf(key);
        CryptographicOperations.ZeroMemory(ConfigRows.ReadSharingKey(name, value));
        return name;
    });
}
