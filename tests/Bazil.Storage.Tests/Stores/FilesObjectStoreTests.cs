using System.Diagnostics;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Stores;

public sealed class FilesObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(Open());

    [Fact]
    public async Task Objects_survive_a_restart()
    {
        await using (FilesObjectStore store = Open()) await store.PutAsync(Id(1), Bytes(1, 1000), default);
        await using FilesObjectStore again = Open();
        Assert.Equal(Bytes(1, 1000), await ReadAsync(again, Id(1)));
    }

    [Fact]
    public async Task Object_lies_under_the_first_two_bytes_of_its_id()
    {
        await using FilesObjectStore store = Open();
        await store.PutAsync(Id(1), Bytes(1, 1000), default);
        await store.SyncAsync(default);
        string hex = Id(1).ToString();
        Assert.Equal(Bytes(1, 1000), await File.ReadAllBytesAsync(Path.Combine(Root, "objects", hex[..2], hex[2..4], hex)));
        Assert.Equal("bazil files store 1\n", await File.ReadAllTextAsync(Path.Combine(Root, "format")));
    }

    [Fact]
    public async Task Leftovers_of_unfinished_puts_are_removed_and_foreign_files_left_alone()
    {
        await Open().DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(Root, "tmp", "put-7"), "half");
        await File.WriteAllTextAsync(Path.Combine(Root, "tmp", "notes"), "mine");
        await Open().DisposeAsync();
        Assert.Equal(["notes"], Directory.GetFiles(Path.Combine(Root, "tmp")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Foreign_files_are_not_listed()
    {
        await using FilesObjectStore store = Open();
        await store.PutAsync(Id(1), Bytes(1, 10), default);
        await store.SyncAsync(default);
        string hex = Id(1).ToString(), other = Id(2).ToString();
        string leaf = Path.Combine(Root, "objects", hex[..2], hex[2..4]);
        await File.WriteAllTextAsync(Path.Combine(Root, "objects", "README"), "x");
        await File.WriteAllTextAsync(Path.Combine(leaf, "short"), "x");
        await File.WriteAllTextAsync(Path.Combine(leaf, other), "in the wrong directory");
        await File.WriteAllTextAsync(Path.Combine(leaf, hex.ToUpperInvariant()), "wrong case");
        Assert.Equal([Id(1)], await ListAsync(store));
    }

    [Fact]
    public async Task Damaged_object_is_replaced_by_the_next_put()
    {
        await using FilesObjectStore store = Open();
        await store.PutAsync(Id(1), Bytes(1, 1000), default);
        await store.SyncAsync(default);
        string hex = Id(1).ToString();
        string path = Path.Combine(Root, "objects", hex[..2], hex[2..4], hex);
        await File.WriteAllBytesAsync(path, Bytes(1, 1000)[..999]);
        await store.PutAsync(Id(1), Bytes(1, 1000), default);
        Assert.Equal(Bytes(1, 1000), await ReadAsync(store, Id(1)));
    }

    [Fact]
    public async Task Put_of_an_equal_object_writes_nothing()
    {
        await using FilesObjectStore store = Open();
        await store.PutAsync(Id(1), Bytes(1, 1000), default);
        await store.SyncAsync(default);
        string hex = Id(1).ToString();
        string path = Path.Combine(Root, "objects", hex[..2], hex[2..4], hex);
        DateTime longAgo = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(path, longAgo);
        await store.PutAsync(Id(1), Bytes(1, 1000), default);
        Assert.Equal(longAgo, File.GetLastWriteTimeUtc(path));
    }

    [Fact]
    public async Task Unsynced_object_outlives_its_process_and_a_reboot_unless_it_was_left_empty()
    {
        await Open("boot-1").DisposeAsync();
        foreach ((int number, string process, int length) in new[] { (1, "boot-1", 100), (2, "boot-2", 100), (3, "boot-1", 0) })
        {
            // What a killed process leaves behind: it was written and renamed, never synced.
            string directory = Path.Combine(Root, "fresh-" + process);
            Directory.CreateDirectory(directory);
            await File.WriteAllBytesAsync(Path.Combine(directory, $"{Id(number)}-7"), Bytes(number, length));
        }

        await using (FilesObjectStore store = Open("boot-2"))
        {
            Assert.Equal(Bytes(1, 100), await ReadAsync(store, Id(1)));
            Assert.Null(await ReadAsync(store, Id(3)));
            Assert.Equal(Bytes(2, 100), await ReadAsync(store, Id(2)));
            Assert.Equal(new[] { Id(1), Id(2) }.Order(), (await ListAsync(store)).Order());
            Assert.False(Directory.Exists(Path.Combine(Root, "fresh-boot-1")));
        }

        await using FilesObjectStore later = Open("boot-3");
        Assert.Equal(Bytes(2, 100), await ReadAsync(later, Id(2)));
    }

    [Fact]
    public async Task Synced_object_lies_in_place_and_unsynced_one_does_not()
    {
        await using FilesObjectStore store = Open();
        await store.PutAsync(Id(1), Bytes(1, 100), default);
        string hex = Id(1).ToString();
        string path = Path.Combine(Root, "objects", hex[..2], hex[2..4], hex);
        Assert.False(File.Exists(path));
        await store.SyncAsync(default);
        Assert.Equal(Bytes(1, 100), await File.ReadAllBytesAsync(path));

        await store.PutAsync(Id(1), Bytes(2, 100), default);
        Assert.Equal(Bytes(1, 100), await File.ReadAllBytesAsync(path));
        Assert.Equal(Bytes(2, 100), await ReadAsync(store, Id(1)));
        Assert.Equal([Id(1)], await ListAsync(store));
        await store.SyncAsync(default);
        Assert.Equal(Bytes(2, 100), await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Puts_deletes_and_reads_during_syncs_lose_nothing()
    {
        await using FilesObjectStore store = Open();
        await Parallel.ForAsync(0, 6, async (worker, cancel) =>
        {
            for (int step = 0; step < 60; step++)
            {
                int number = (worker * 100) + (step % 10);
                await store.PutAsync(Id(number), Bytes(step, 300), cancel);
                if (step % 7 == worker) await store.SyncAsync(cancel);
                Assert.Equal(Bytes(step, 300), await ReadAsync(store, Id(number)));
                if (step % 5 == 0) Assert.True(await store.DeleteAsync(Id(number), cancel));
            }
        });
        await store.SyncAsync(default);
        Assert.Empty(Directory.EnumerateFiles(Directory.GetDirectories(Root, "fresh-*").Single()));
        Assert.Equal(6 * 8, (await ListAsync(store)).Count);
    }

    [Fact]
    public async Task Second_open_of_a_store_is_refused()
    {
        await using FilesObjectStore store = Open();
        StoreException exception = Assert.Throws<StoreException>(() => Open());
        Assert.Contains("is in use by process", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Newer_format_is_refused_by_its_number()
    {
        await Open().DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(Root, "format"), "bazil files store 2\n");
        Assert.Contains("format version 2", Assert.Throws<StoreException>(() => Open()).Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(Root, "format"), "junk");
        Assert.Throws<StoreException>(() => Open());
    }

    [Fact]
    public async Task File_larger_than_any_object_is_corrupt_and_not_read()
    {
        await using FilesObjectStore store = Open();
        await store.PutAsync(Id(1), Bytes(1, 10), default);
        await store.SyncAsync(default);
        string hex = Id(1).ToString();
        using (FileStream file = File.OpenWrite(Path.Combine(Root, "objects", hex[..2], hex[2..4], hex))) file.SetLength(ObjectLimits.ObjectSizeBytesMax + 1L);
        await Assert.ThrowsAsync<CorruptObjectException>(async () => await store.GetAsync(Id(1), default));
    }

    [Fact]
    public async Task Full_disk_is_reported_as_such_and_nothing_is_lost()
    {
        Directory.CreateDirectory(Root);
        if (!TryRun("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", Root)) Assert.Skip("mounting a small file system needs root");
        try
        {
            await using FilesObjectStore store = Open();
            await store.PutAsync(Id(1), Bytes(1, 100_000), default);
            StoreException exception = await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(Id(2), Bytes(2, 200_000), default));
            Assert.True(exception.IsDiskFull);
            Assert.Contains("the disk is full", exception.Message, StringComparison.Ordinal);
            Assert.Equal(Bytes(1, 100_000), await ReadAsync(store, Id(1)));
            Assert.Equal([Id(1)], await ListAsync(store));
            Assert.Empty(Directory.GetFiles(Path.Combine(Root, "tmp")));

            await store.DeleteAsync(Id(1), default);
            await store.PutAsync(Id(2), Bytes(2, 200_000), default);
            Assert.Equal(Bytes(2, 200_000), await ReadAsync(store, Id(2)));
        }
        finally
        {
            Assert.True(TryRun("umount", Root));
        }
    }

    private string Root => _directory["store"];

    private FilesObjectStore Open(string bootId) => FilesObjectStore.Open("files", Root, bootId);

    private FilesObjectStore Open() => FilesObjectStore.Open("files", Root);

    private static bool TryRun(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
