using System.Runtime.CompilerServices;
using System.Text;
using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Sftp;

/// <summary>
/// A directory on another machine, over the OpenSSH client. Connects when first used; a connection that ended is made anew, and the call that met its end is repeated
/// once. A write goes into <c>tmp/</c>, is synced where the server can be told to, and renamed. What is left there by whoever died is removed at the first listing, a day later.
/// </summary>
public sealed class SftpFolder : IRemoteFolder
{
    private const string TemporaryDirectory = "tmp";
    private const int TemporaryNameBytes = 16;

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly SshSessions _sessions;
    private int _isTidied; // 1 once what others left in tmp/ was looked for

    /// <param name="address">Where it is.</param>
    /// <param name="options">How ssh is run.</param>
    /// <param name="time">Tells how old things are, and measures silence.</param>
    public SftpFolder(SftpAddress address, SshOptions options, TimeProvider time)
    {
        (_root, _time, Name) = (address.Path.TrimEnd('/'), time, address.ToString());
        _sessions = new SshSessions(Name, cancel => SshSession.OpenAsync(address, options, time, cancel), time);
    }

    public string Name { get; }

    public ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(CallAsync("write", name, client => WriteAsync(client, name, content, cancel), cancel));

    public ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(CallAsync("write", name, async client =>
    {
        byte[] beginning = new byte[where.Bytes.Length];
        if (await ReadAsync(client, where.Name, 0, beginning, cancel) is null || !beginning.AsSpan().SequenceEqual(where.Bytes.Span)) return false;
        return await WriteAsync(client, name, content, cancel);
    }, cancel));

    public ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) => new(CallAsync("read", name, client => ReadAsync(client, name, offset, buffer, cancel), cancel));

    public ValueTask<int?> ReadPieceAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) =>
        new(CallAsync("read", name, token => _sessions.EnterReadAsync(buffer.Length, token), session => ReadPieceAsync(session, name, offset, buffer, cancel), cancel));

    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancel) => new(CallAsync("delete", name, async client =>
    {
        try
        {
            await client.RemoveAsync(PathOf(name), cancel);
            return true;
        }
        catch (SftpException e) when (e.Status == SftpStatus.NoSuchFile)
        {
            return false; // the answer, not a failure
        }
    }, cancel));

    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        await TidyAsync(cancel);
        using var stopped = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int count = 0;
        var waiting = new Stack<(string Name, int Depth)>([(directory, 0)]);
        var running = new Queue<(string Name, int Depth, Task<IReadOnlyList<(string Name, SftpAttributes Attributes)>> Entries)>();
        try
        {
            while (waiting.Count + running.Count > 0)
            {
                while (running.Count < Limits.ListsInFlight && waiting.TryPop(out (string Name, int Depth) next))
                {
                    running.Enqueue((next.Name, next.Depth, CallAsync("list", next.Name, client => ListOneAsync(client, next.Name, stopped.Token), stopped.Token)));
                }

                (string above, int depth, Task<IReadOnlyList<(string Name, SftpAttributes Attributes)>> entries) = running.Peek();
                foreach ((string name, SftpAttributes attributes) in await entries)
                {
                    if (++count > Limits.ListEntries) throw new StoreException($"{Name}: there are more than {Limits.ListEntries} files in it");
                    string full = above.Length == 0 ? name : $"{above}/{name}";
                    if (attributes.IsDirectory && depth < Limits.ListDepth && full != TemporaryDirectory) waiting.Push((full, depth + 1));
                    if (attributes.IsFile) yield return new RemoteFile(full, attributes.SizeBytes ?? 0, DateTimeOffset.FromUnixTimeSeconds(attributes.ModifiedSeconds ?? 0));
                }

                running.Dequeue();
            }
        }
        finally
        {
            await stopped.CancelAsync();
            await Task.WhenAll(running.Select(static list => (Task)list.Entries)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the first failure is on its way to the caller
        }
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => new(CallAsync<RemoteSpace?>("ask for the free space of", _root, async client =>
        await client.GetSpaceAsync(_root, cancel) is var (total, available) ? new RemoteSpace(total, available) : null, cancel));

    /// <summary>Ends the connections; calls that are under way fail.</summary>
    public ValueTask DisposeAsync() => _sessions.DisposeAsync();

    private async Task<bool> WriteAsync(SftpClient client, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        string temporary = $"{_root}/{TemporaryDirectory}/{TemporaryName(name, content.Span)}", path = PathOf(name);
        byte[] handle = await WithDirectoryAsync(client, temporary, () => client.OpenForWritingAsync(temporary, cancel), cancel);
        try
        {
            try
            {
                await client.WriteAsync(handle, 0, content, cancel);
                await client.SyncAsync(handle, cancel);
            }
            finally
            {
                if (!client.HasFailed) await client.CloseAsync(handle, CancellationToken.None);
            }

            return await WithDirectoryAsync(client, path, () => RenameAsync(client, temporary, path, cancel), cancel);
        }
        catch
        {
            await RemoveLeftAsync(client, temporary);
            throw;
        }
    }

    private async Task<int?> ReadAsync(SftpClient client, string name, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        byte[]? handle = await IfThereAsync(client.OpenForReadingAsync(PathOf(name), cancel));
        if (handle is null) return null;
        try
        {
            return await client.ReadAsync(handle, offset, buffer, cancel);
        }
        finally
        {
            if (!client.HasFailed) await client.ReleaseAsync(handle);
        }
    }

    private async Task<int?> ReadPieceAsync(SshSession session, string name, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        try
        {
            return await session.Handles.ReadAsync(PathOf(name), offset, buffer, cancel);
        }
        finally
        {
            _sessions.ExitRead(session, buffer.Length);
        }
    }

    private async Task<IReadOnlyList<(string Name, SftpAttributes Attributes)>> ListOneAsync(SftpClient client, string directory, CancellationToken cancel)
    {
        byte[]? handle = await IfThereAsync(client.OpenDirectoryAsync(PathOf(directory), cancel));
        if (handle is null) return [];
        var entries = new List<(string, SftpAttributes)>();
        try
        {
            while (await client.ReadDirectoryAsync(handle, cancel) is { } some)
            {
                entries.AddRange(some.Where(static entry => entry.Name is not ("." or "..")));
                if (entries.Count > Limits.ListEntries) throw new SftpException(SftpStatus.Failure, $"there are more than {Limits.ListEntries} entries in it");
            }
        }
        finally
        {
            if (!client.HasFailed) await client.ReleaseAsync(handle);
        }

        return entries;
    }

    /// <summary>What was being written, once, by somebody who died.</summary>
    private async Task TidyAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _isTidied, 1) != 0) return;
        await CallAsync("tidy", TemporaryDirectory, async client =>
        {
            DateTimeOffset oldest = _time.GetUtcNow() - Limits.TemporaryAge;
            foreach ((string name, SftpAttributes attributes) in await ListOneAsync(client, TemporaryDirectory, cancel))
            {
                bool isOurs = attributes.IsFile && name.Length == 2 * TemporaryNameBytes && name.All(char.IsAsciiHexDigitLower);
                if (isOurs && attributes.ModifiedSeconds is { } modified && DateTimeOffset.FromUnixTimeSeconds(modified) < oldest) await RemoveLeftAsync(client, PathOf($"{TemporaryDirectory}/{name}"));
            }

            return true;
        }, cancel);
    }

    private static async Task RemoveLeftAsync(SftpClient client, string temporary)
    {
        if (client.HasFailed) return;
        try
        {
            await client.RemoveAsync(temporary, CancellationToken.None);
        }
        catch (IOException)
        {
            // It is not there, or the server does not let us: it is tried again at a later start, and why it is left was told.
        }
    }

    private static async Task<bool> RenameAsync(SftpClient client, string from, string to, CancellationToken cancel)
    {
        if (!client.CanReplace) await IfThereAsync(client.RemoveAsync(to, cancel));
        await client.RenameAsync(from, to, cancel);
        return true;
    }

    /// <summary>Directories are made when something is to be put into them and they turn out to be missing.</summary>
    private async Task<T> WithDirectoryAsync<T>(SftpClient client, string path, Func<Task<T>> action, CancellationToken cancel)
    {
        try
        {
            return await action();
        }
        catch (SftpException e) when (e.Status == SftpStatus.NoSuchFile)
        {
            await MakeDirectoriesAsync(client, path[..path.LastIndexOf('/')], cancel);
            return await action();
        }
    }

    /// <summary>Makes a directory below the root, and the root itself, but nothing above it: that would be a mistyped path.</summary>
    private async Task MakeDirectoriesAsync(SftpClient client, string path, CancellationToken cancel)
    {
        for (int end = _root.Length; ; end = path.IndexOf('/', end + 1))
        {
            string part = end < 0 ? path : path[..end];
            try
            {
                await client.MakeDirectoryAsync(part, cancel);
            }
            catch (SftpException e) when (e.Status == SftpStatus.Failure)
            {
                // It is there, made by another call perhaps; if not, the caller's second attempt says so.
            }

            if (part.Length == path.Length) return;
        }
    }

    private Task<T> CallAsync<T>(string verb, string name, Func<SftpClient, Task<T>> call, CancellationToken cancel) =>
        CallAsync(verb, name, _sessions.GetAsync, session => call(session.Client), cancel);

    private async Task<T> CallAsync<T>(string verb, string name, Func<CancellationToken, Task<SshSession>> connect, Func<SshSession, Task<T>> call, CancellationToken cancel)
    {
        for (bool isAgain = false; ; isAgain = true)
        {
            SshSession session = await connect(cancel);
            try
            {
                return await call(session);
            }
            catch (SftpException e)
            {
                bool isFull = e.Status == SftpStatus.Failure && verb == "write" && await IsFullAsync(session.Client, cancel);
                throw new StoreException($"{Name}: cannot {verb} {name}: {Reason(e, verb, isFull)}", e) { IsDiskFull = isFull };
            }
            catch (IOException) when (!isAgain && session.Client.HasFailed)
            {
                // The connection ended, perhaps long before this call: a new one tells whether the server is there. All calls may be repeated.
            }
            catch (IOException e)
            {
                throw new StoreException($"{Name}: cannot {verb} {name}: the connection ended ({e.Message})", e) { IsUnreachable = true };
            }
        }
    }

    private static string Reason(SftpException e, string verb, bool isFull) => (isFull, e.Status, verb) switch
    {
        (true, _, _) => "there is no room left; make some there",
        (_, SftpStatus.PermissionDenied, "write") => $"{e.Message}; give the user that logs in the right to write to the folder there",
        (_, SftpStatus.NoSuchFile, "write") => $"{e.Message}; look at the path: only its last directory is made",
        _ => e.Message,
    };

    /// <summary>SFTP 3 has no code for a full disk: the server only says that it failed.</summary>
    private async Task<bool> IsFullAsync(SftpClient client, CancellationToken cancel)
    {
        try
        {
            return await client.GetSpaceAsync(_root, cancel) is (_, < Limits.SftpFullBytes);
        }
        catch (IOException)
        {
            return false; // the first failure is the one to tell
        }
    }

    private string PathOf(string name) => name.Length == 0 ? _root : $"{_root}/{name}";

    /// <summary>The same for each attempt at one write, so that those that failed leave one file; another one for other bytes, which somebody may be writing now.</summary>
    private static string TemporaryName(string name, ReadOnlySpan<byte> content)
    {
        Span<byte> hashes = stackalloc byte[2 * TemporaryNameBytes];
        Blake2b.Hash(Encoding.UTF8.GetBytes(name), hashes[..TemporaryNameBytes]);
        Blake2b.Hash(content, hashes[TemporaryNameBytes..]);
        Span<byte> hash = stackalloc byte[TemporaryNameBytes];
        Blake2b.Hash(hashes, hash);
        return Convert.ToHexStringLower(hash);
    }

    private static async Task<byte[]?> IfThereAsync(Task<byte[]> opening)
    {
        try
        {
            return await opening;
        }
        catch (SftpException e) when (e.Status == SftpStatus.NoSuchFile)
        {
            return null; // the answer, not a failure
        }
    }

    private static async Task IfThereAsync(Task removing)
    {
        try
        {
            await removing;
        }
        catch (SftpException e) when (e.Status == SftpStatus.NoSuchFile)
        {
            // There is nothing to remove.
        }
    }
}
