namespace Bazil.Remotes.Sftp;

/// <summary>
/// Files of a session that are kept open for reading: opening one costs a round trip, and packs are read again and again. The least recently used are closed. All who come while a file is being
/// opened share that. Safe for concurrent use; what is open ends with the session.
/// </summary>
internal sealed class ReadHandles(SftpClient client)
{
    // Guards what follows; nothing is waited for while it is held.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _open = new(StringComparer.Ordinal);
    private long _uses;

    /// <summary>Reads from a file; null when there is no such file.</summary>
    public async Task<int?> ReadAsync(string path, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        Entry entry = Enter(path);
        try
        {
            byte[]? handle = await entry.Opening.WaitAsync(cancel);
            return handle is null ? null : await client.ReadAsync(handle, offset, buffer, cancel);
        }
        catch (SftpException)
        {
            Forget(path);
            throw;
        }
        finally
        {
            Leave(entry);
        }
    }

    /// <summary>The file is another one from now on, or gone.</summary>
    private void Forget(string path)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(path, out Entry? entry)) Drop(entry);
        }
    }

    private Entry Enter(string path)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue(path, out Entry? entry))
            {
                DropUnused(Limits.SftpOpenFiles - 1);
                entry = new Entry(path, OpenAsync(path));
                _open.Add(path, entry);
            }

            entry.Users++;
            entry.LastUse = ++_uses;
            return entry;
        }
    }

    private void Leave(Entry entry)
    {
        lock (_gate)
        {
            entry.Users--;

            // What could not be opened, or was not there, is looked for anew.
            if (entry.Opening is { IsCompleted: true } and not { IsCompletedSuccessfully: true, Result: not null }) Drop(entry);
            else if (entry is { IsDropped: true, Users: 0 }) Close(entry);
            DropUnused(Limits.SftpOpenFiles); // all were in use when too many came
        }
    }

    /// <summary>Closes those that were used longest ago until so many are left, or all that are left are in use. The lock is held.</summary>
    private void DropUnused(int most)
    {
        while (_open.Count > most && _open.Values.Where(static other => other.Users == 0).MinBy(static other => other.LastUse) is { } oldest) Drop(oldest);
    }

    /// <summary>Nobody new gets it; it is closed when nobody uses it any more. The lock is held.</summary>
    private void Drop(Entry entry)
    {
        if (entry.IsDropped) return;
        entry.IsDropped = true;
        _open.Remove(entry.Path);
        if (entry.Users == 0) Close(entry);
    }

    private void Close(Entry entry)
    {
        if (!client.HasFailed) entry.Closing = CloseAsync(entry);
    }

    private async Task CloseAsync(Entry entry)
    {
        await Task.Yield(); // the lock is held
        try
        {
            if (await entry.Opening is { } handle) await client.ReleaseAsync(handle);
        }
        catch (IOException)
        {
            // It was never open, or the session has ended, and everything with it.
        }
    }

    private async Task<byte[]?> OpenAsync(string path)
    {
        await Task.Yield(); // the lock is held
        try
        {
            return await client.OpenForReadingAsync(path, CancellationToken.None);
        }
        catch (SftpException e) when (e.Status == SftpStatus.NoSuchFile)
        {
            return null; // the answer, not a failure
        }
    }

    private sealed class Entry(string path, Task<byte[]?> opening)
    {
        public string Path { get; } = path;

        /// <summary>Its handle, or null when there is no such file.</summary>
        public Task<byte[]?> Opening { get; } = opening;

        public int Users { get; set; }

        public long LastUse { get; set; }

        public bool IsDropped { get; set; }

        /// <summary>Kept so that nobody forgets it; it never fails.</summary>
        public Task? Closing { get; set; }
    }
}
