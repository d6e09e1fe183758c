using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Tests.Contracts;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Remotes.Tests.Folders;

public sealed class DirectoryFolderTests : RemoteFolderContract, IDisposable
{
    private readonly TempDirectory _directory = new("folder");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Nothing_is_left_in_tmp_and_files_are_private()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("a/file", new byte[100], Cancel);
        Assert.Empty(Directory.EnumerateFiles(_directory["disk/tmp"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["disk/a/file"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["disk/a"]));
    }

    [Fact]
    public async Task What_a_dead_process_left_in_tmp_is_removed_by_the_first_listing_a_day_later()
    {
        await using (IRemoteFolder folder = await CreateAsync()) await folder.WriteAsync("file", new byte[100], Cancel);
        string old = _directory[$"disk/tmp/{new string('a', 32)}"], young = _directory[$"disk/tmp/{new string('b', 32)}"], strange = _directory["disk/tmp/notes"];
        foreach (string path in (string[])[old, young, strange]) await File.WriteAllTextAsync(path, "half", Cancel);
        foreach (string path in (string[])[old, strange]) File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime - Limits.TemporaryAge - TimeSpan.FromHours(1));
        await using (IRemoteFolder folder = await CreateAsync())
        {
            await foreach (RemoteFile file in folder.ListAsync("", Cancel)) Assert.Equal("file", file.Name);
        }

        Assert.Equal([young, strange], Directory.EnumerateFiles(_directory["disk/tmp"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Directory_above_the_folder_is_not_made()
    {
        await using var folder = new DirectoryFolder("disk:blue", () => DirectoryHandle.Open(_directory.Path), "no/such/place", new SodiumEntropy(), TimeProvider.System);
        StoreException missing = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], Cancel));
        Assert.Contains("there is no directory", missing.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory["no"]));
    }

    [Fact]
    public async Task Disk_that_hangs_holds_up_nobody_and_is_not_asked_more_and_more()
    {
        using var going = new ManualResetEventSlim();
        var time = new ManualTime();
        DirectoryHandle Open()
        {
            going.Wait(CancellationToken.None);
            return DirectoryHandle.Open(_directory.Path);
        }

        var folder = new DirectoryFolder("disk:blue", Open, "disk", new SodiumEntropy(), time);
        byte[] content = Bytes(1, 100), buffer = new byte[100];
        using (var stop = new CancellationTokenSource())
        {
            Task writing = folder.WriteAsync("file", content, stop.Token).AsTask(), reading = folder.ReadAsync("file", 0, buffer, stop.Token).AsTask();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }

        Task<int?>[] reads = [.. Enumerable.Range(0, Limits.DiskCallsUnderWay - 2).Select(_ => folder.ReadAsync("file", 0, new byte[1], Cancel).AsTask())];
        time.Advance(Limits.DiskAnswerMax);
        foreach (Task<int?> read in reads)
        {
            StoreException hangs = await Assert.ThrowsAsync<StoreException>(() => read);
            Assert.True(hangs.IsUnreachable);
            Assert.Contains("disk:blue hangs: it has not answered within 5 minutes", hangs.Message, StringComparison.Ordinal);
        }

        time.Advance(Limits.DiskHangMin);
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await folder.ReadAsync("file", 0, buffer, Cancel));
        Assert.Contains("16 calls have not returned", refused.Message, StringComparison.Ordinal);

        // The write that nobody waits for any more is not done when the disk goes on.
        going.Set();
        Assert.Null(await ReadWhenItGoesOnAsync(folder, buffer));
        Assert.All(buffer, static value => Assert.Equal(0, value));
        Assert.False(File.Exists(_directory["disk/file"]));
        await folder.WriteAsync("file", content, Cancel);
        Assert.Equal(100, await folder.ReadAsync("file", 0, buffer, Cancel));
        Assert.Equal(content, buffer);

        going.Reset();
        Task<int?> last = folder.ReadAsync("file", 0, buffer, Cancel).AsTask();
        await folder.DisposeAsync();
        Assert.Contains("is closed", (await Assert.ThrowsAsync<StoreException>(() => last)).Message, StringComparison.Ordinal);
        going.Set();
    }

    [Fact]
    public async Task Disk_that_hangs_takes_so_many_threads_and_none_of_the_pool()
    {
        using var going = new ManualResetEventSlim();
        using var arrived = new CountdownEvent(Limits.DiskCallsUnderWay);
        int inside = 0, most = 0, ofPool = 0;
        var counts = new Lock();
        DirectoryHandle Open()
        {
            lock (counts)
            {
                most = Math.Max(most, ++inside);
                if (Thread.CurrentThread.IsThreadPoolThread) ofPool++;
                if (!arrived.IsSet) arrived.Signal();
            }

            going.Wait(CancellationToken.None);
            lock (counts) inside--;
            return DirectoryHandle.Open(_directory.Path);
        }

        await using var folder = new DirectoryFolder("disk:blue", Open, "disk", new SodiumEntropy(), TimeProvider.System);
        Task<int?>[] reads = [.. Enumerable.Range(0, 8 * Limits.DiskCallsUnderWay).Select(_ => folder.ReadAsync("file", 0, new byte[1], Cancel).AsTask())];
        arrived.Wait(Cancel);
        using (var stop = new CancellationTokenSource())
        {
            // One that waits for its turn is given up at once.
            Task<int?> waiting = folder.ReadAsync("file", 0, new byte[1], stop.Token).AsTask();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        going.Set();
        Assert.All(await Task.WhenAll(reads), static count => Assert.Null(count));
        Assert.Equal((Limits.DiskCallsUnderWay, 0), (most, ofPool));
    }

    [Fact]
    public async Task Deletion_that_was_given_up_is_not_done()
    {
        using var stop = new CancellationTokenSource();
        using var all = new CountdownEvent(Limits.DiskCallsUnderWay);
        Action opening = static () => { };
        await using var folder = new DirectoryFolder("disk:blue", Open, "disk", new SodiumEntropy(), TimeProvider.System);
        await folder.WriteAsync("file", new byte[10], Cancel);
        opening = stop.Cancel;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await folder.DeleteAsync("file", stop.Token));

        // All places are free at the same time only when the thread that was left behind has ended.
        opening = () =>
        {
            all.Signal();
            all.Wait(Cancel);
        };
        int?[] reads = await Task.WhenAll(Enumerable.Range(0, Limits.DiskCallsUnderWay).Select(_ => folder.ReadAsync("file", 0, new byte[10], Cancel).AsTask()));
        Assert.All(reads, static count => Assert.Equal(10, count));

        DirectoryHandle Open()
        {
            opening();
            return DirectoryHandle.Open(_directory.Path);
        }
    }

    [Theory]
    [InlineData(nameof(Errno.ENODEV), true, true)]
    [InlineData(nameof(Errno.ENXIO), true, true)]
    [InlineData(nameof(Errno.ENOTCONN), true, true)]
    [InlineData(nameof(Errno.ESTALE), true, true)]
    [InlineData(nameof(Errno.EIO), false, true)]
    [InlineData(nameof(Errno.EIO), true, false)]
    public async Task Disk_that_is_pulled_out_during_a_read_is_away_and_one_with_bad_places_is_not(string error, bool isThere, bool isAway)
    {
        int opened = 0;
        await using var folder = new DirectoryFolder("disk:blue", Open, "disk", new SodiumEntropy(), TimeProvider.System);
        StoreException failure = await Assert.ThrowsAsync<StoreException>(async () => await folder.ReadAsync("file", 0, new byte[1], Cancel));
        Assert.Equal(isAway, failure.IsUnreachable);
        Assert.Equal(!isThere, failure.Message == "disk blue is not plugged in");

        DirectoryHandle Open()
        {
            if (++opened == 1) throw new UnixException(Enum.Parse<Errno>(error), "read", "file");
            return isThere ? DirectoryHandle.Open(_directory.Path) : throw new StoreException("disk blue is not plugged in") { IsUnreachable = true };
        }
    }

    [Fact]
    public async Task Disk_that_is_away_is_unreachable_and_nothing_is_written_elsewhere()
    {
        Assert.True(LabelledDisk.TryParse("disk:no-such-label", out LabelledDisk? disk));
        await using var folder = new DirectoryFolder(disk.ToString(), disk.Open, disk.Directory, new SodiumEntropy(), TimeProvider.System);
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], Cancel));
        Assert.True(away.IsUnreachable);
        Assert.Equal("disk no-such-label is not plugged in", away.Message);
    }

    [Fact]
    public async Task What_is_written_where_a_store_is_makes_no_directory_elsewhere_and_follows_the_disk_not_its_path()
    {
        var where = new FileBeginning("mark", "right"u8.ToArray());
        bool isUnmounted = false;
        await using var folder = new DirectoryFolder("disk:blue", Open, "disk", new SodiumEntropy(), TimeProvider.System);
        Assert.False(await folder.WriteWhereAsync(where, "packs/one", new byte[10], Cancel));
        Assert.False(Directory.Exists(_directory["mountpoint/disk"]));
        await folder.WriteAsync("mark", "right, and more"u8.ToArray(), Cancel);

        // The disk is taken away between its being looked up and the write.
        isUnmounted = true;
        Assert.True(await folder.WriteWhereAsync(where, "packs/one", new byte[10], Cancel));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["mountpoint"]));
        Assert.True(File.Exists(_directory["elsewhere/disk/packs/one"]));

        DirectoryHandle Open()
        {
            Directory.CreateDirectory(_directory["mountpoint"]);
            DirectoryHandle disk = DirectoryHandle.Open(_directory["mountpoint"]);
            if (!isUnmounted) return disk;
            Directory.Move(_directory["mountpoint"], _directory["elsewhere"]);
            Directory.CreateDirectory(_directory["mountpoint"]);
            return disk;
        }
    }

    [Fact]
    public async Task Links_on_the_disk_lead_nowhere()
    {
        Directory.CreateDirectory(_directory["outside"]);
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("file", new byte[10], Cancel);
        File.CreateSymbolicLink(_directory["disk/packs"], _directory["outside"]);
        await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("packs/one", new byte[10], Cancel));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["outside"]));
    }

    /// <summary>Asks until the threads that were left behind have returned.</summary>
    private static async Task<int?> ReadWhenItGoesOnAsync(DirectoryFolder folder, byte[] buffer)
    {
        for (;;)
        {
            try
            {
                return await folder.ReadAsync("file", 0, buffer, Cancel);
            }
            catch (StoreException e) when (e.Message.Contains("have not returned", StringComparison.Ordinal))
            {
                await Task.Yield();
            }
        }
    }

    protected override ValueTask<IRemoteFolder> CreateAsync() => new(new DirectoryFolder("disk:blue", () => DirectoryHandle.Open(_directory.Path), "disk", new SodiumEntropy(), TimeProvider.System));
}
