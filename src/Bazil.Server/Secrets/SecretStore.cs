using System.Text;
using Bazil.Remotes.S3;
using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;
using Bazil.Storage.Stores;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Server.Secrets;

/// <summary>
/// Credentials of storages, by names that addresses carry in their stead: a file each in the data directory that only its owner can read, as a person gave it. Safe for concurrent use: a file is replaced as a whole.
/// </summary>
internal sealed class SecretStore(DataDirectory directory)
{
    private const string TemporarySuffix = "~"; // no name of a secret ends like that

    // Held while the files change: two who set one secret would use the same temporary file.
    private readonly Lock _gate = new();

    /// <summary>The names of all, in order.</summary>
    public IReadOnlyList<string> List() =>
        Directory.Exists(directory.Secrets) ? [.. Directory.EnumerateFiles(directory.Secrets).Select(static path => Path.GetFileName(path)).Where(S3Address.IsSecretName).Order(StringComparer.Ordinal)] : [];

    /// <summary>Keeps a secret, durable on return, in the place of one of that name.</summary>
    /// <exception cref="CommandFailedException">The name or the content is none, or the disk fails.</exception>
    public void Set(string name, ReadOnlySpan<byte> content)
    {
        CheckName(name);
        if (!S3Key.TryParse(Encoding.UTF8.GetString(content), out _))
        {
            throw new CommandFailedException(
                ErrorKind.Invalid, $"secret {name} is not what S3 needs", "give lines aws_access_key_id=… and aws_secret_access_key=… (and aws_session_token=… if there is one), or just the two keys on a line each");
        }

        try
        {
            lock (_gate) Replace(name, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"cannot keep secret {name}: {e.Message}", inner: e);
        }
    }

    /// <summary>Forgets a secret, for good on return.</summary>
    /// <exception cref="CommandFailedException">There is none of that name.</exception>
    public void Remove(string name)
    {
        CheckName(name);
        lock (_gate)
        {
            if (!List().Contains(name)) throw new CommandFailedException(ErrorKind.NotFound, $"there is no secret called {name}", "see: bazil secret list");
            using DirectoryHandle holder = DirectoryHandle.Open(directory.Secrets);
            holder.Remove(name + TemporarySuffix); // of one who died
            holder.Remove(name);
            holder.Sync();
        }
    }

    /// <summary>The credentials of a storage.</summary>
    /// <exception cref="StoreException">There are none under that name, or they cannot be read.</exception>
    public S3Key Read(string name)
    {
        try
        {
            if (S3Key.TryParse(File.ReadAllText(Path.Combine(directory.Secrets, name)), out S3Key? key)) return key;
            throw new StoreException($"secret {name} is damaged; give it again: bazil secret set {name}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StoreException($"there is no secret called {name}; give it with: bazil secret set {name}", e);
        }
        catch (Exception e) when (e is (IOException and not StoreException) or UnauthorizedAccessException)
        {
            throw new StoreException($"cannot read secret {name}: {e.Message}", e);
        }
    }

    private void Replace(string name, ReadOnlySpan<byte> content)
    {
        PrivatePath.CreateDirectory(directory.Secrets);
        using DirectoryHandle holder = DirectoryHandle.Open(directory.Secrets);
        holder.Remove(name + TemporarySuffix); // of one who died
        using (SafeFileHandle file = PrivatePath.CreateFile(Path.Combine(directory.Secrets, name + TemporarySuffix)))
        {
            RandomAccess.Write(file, content, 0);
            UnixFile.Sync(file, name);
        }

        holder.Rename(name + TemporarySuffix, holder, name);
        holder.Sync();
        DirectoryHandle.Sync(directory.Path);
    }

    private static void CheckName(string name)
    {
        if (S3Address.IsSecretName(name)) return;
        throw new CommandFailedException(ErrorKind.Invalid, $"invalid name of a secret \"{name}\": it has up to {Remotes.Limits.S3SecretNameMax} letters, digits, dots, dashes and underscores, and begins with a letter or digit");
    }
}
