using Bazil.Remotes.Folders;

namespace Bazil.Remotes.Tests.Contracts;

/// <summary>What every <see cref="IRemoteFolder"/> does. A folder's test class inherits it.</summary>
public abstract class RemoteFolderContract
{
    private static readonly CancellationToken _none = CancellationToken.None;

    /// <summary>Makes an empty folder; the test disposes it.</summary>
    protected abstract ValueTask<IRemoteFolder> CreateAsync();

    [Fact]
    public async Task Write_where_another_file_begins_otherwise_leaves_nothing()
    {
        await using IRemoteFolder folder = await CreateAsync();
        var where = new FileBeginning("mark", "right"u8.ToArray());
        await folder.WriteAsync("other", new byte[1], CancellationToken.None);
        Assert.False(await folder.WriteWhereAsync(where, "packs/one", new byte[10], CancellationToken.None));
        await folder.WriteAsync("mark", "wrong"u8.ToArray(), CancellationToken.None);
        Assert.False(await folder.WriteWhereAsync(where, "packs/one", new byte[10], CancellationToken.None));
        await folder.WriteAsync("mark", "rig"u8.ToArray(), CancellationToken.None);
        Assert.False(await folder.WriteWhereAsync(where, "packs/one", new byte[10], CancellationToken.None));
        Assert.Equal(["mark", "other"], (await ListAsync(folder, "")).Select(static file => file.Name).Order());
        await folder.WriteAsync("mark", "right one"u8.ToArray(), CancellationToken.None);
        Assert.True(await folder.WriteWhereAsync(where, "packs/one", new byte[10], CancellationToken.None));
        Assert.Equal(10, await folder.ReadAsync("packs/one", 0, new byte[20], CancellationToken.None));
    }

    [Fact]
    public async Task File_written_is_read_back()
    {
        await using IRemoteFolder folder = await CreateAsync();
        foreach (int size in (int[])[0, 1, 32_767, 32_768, 32_769, 300_000, 5_000_000])
        {
            await folder.WriteAsync($"sizes/{size}", Bytes(size, size), _none);
            byte[] buffer = new byte[size + 10];
            Assert.Equal(size, await folder.ReadAsync($"sizes/{size}", 0, buffer, _none));
            Assert.True(Bytes(size, size).AsSpan().SequenceEqual(buffer.AsSpan(0, size)));
        }
    }

    [Fact]
    public async Task Part_of_a_file_is_read()
    {
        await using IRemoteFolder folder = await CreateAsync();
        byte[] content = Bytes(1, 200_000);
        await folder.WriteAsync("a/b/part", content, _none);
        foreach ((int offset, int length) in ((int, int)[])[(0, 1), (1, 100), (32_760, 20), (100_000, 90_000), (199_999, 1), (150_000, 50_000)])
        {
            byte[] buffer = new byte[length];
            Assert.Equal(length, await folder.ReadAsync("a/b/part", offset, buffer, _none));
            Assert.True(content.AsSpan(offset, length).SequenceEqual(buffer));
        }

        Assert.Equal(10, await folder.ReadAsync("a/b/part", 199_990, new byte[100], _none));
        Assert.Equal(0, await folder.ReadAsync("a/b/part", 200_000, new byte[100], _none));
        Assert.Equal(0, await folder.ReadAsync("a/b/part", 500_000, new byte[100], _none));
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await using IRemoteFolder folder = await CreateAsync();
        Assert.Null(await folder.ReadAsync("nothing", 0, new byte[10], _none));
        Assert.Null(await folder.ReadAsync("no/such/directory", 0, new byte[10], _none));
        Assert.False(await folder.DeleteAsync("nothing", _none));
        Assert.False(await folder.DeleteAsync("no/such/directory", _none));
        Assert.Empty(await ListAsync(folder, "nowhere"));
    }

    [Fact]
    public async Task Write_replaces_the_whole_file()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("file", Bytes(1, 1000), _none);
        await folder.WriteAsync("file", Bytes(2, 10), _none);
        byte[] buffer = new byte[2000];
        Assert.Equal(10, await folder.ReadAsync("file", 0, buffer, _none));
        Assert.Equal(Bytes(2, 10), buffer[..10]);
        Assert.Single(await ListAsync(folder, ""));
    }

    [Fact]
    public async Task Deleted_file_is_gone_and_can_be_written_again()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("d/file", Bytes(1, 10), _none);
        Assert.True(await folder.DeleteAsync("d/file", _none));
        Assert.False(await folder.DeleteAsync("d/file", _none));
        Assert.Null(await folder.ReadAsync("d/file", 0, new byte[10], _none));
        await folder.WriteAsync("d/file", Bytes(2, 10), _none);
        Assert.Equal(10, await folder.ReadAsync("d/file", 0, new byte[10], _none));
    }

    [Fact]
    public async Task List_names_all_files_below_a_directory_with_their_sizes()
    {
        await using IRemoteFolder folder = await CreateAsync();
        string[] names = [.. Enumerable.Range(0, 120).Select(static index => $"packs/{index % 7:x2}/{index}")];
        await Task.WhenAll(names.Select(async (name, index) => await folder.WriteAsync(name, Bytes(index, index), _none)));
        await folder.WriteAsync("other/file", Bytes(1, 5), _none);
        await folder.WriteAsync("top", Bytes(1, 6), _none);
        List<RemoteFile> listed = await ListAsync(folder, "packs");
        Assert.Equal(names.Order(), listed.Select(static file => file.Name).Order());
        Assert.All(listed, file => Assert.Equal(Array.IndexOf(names, file.Name), file.SizeBytes));
        Assert.Equal(names.Length + 2, (await ListAsync(folder, "")).Count);
    }

    [Fact]
    public async Task Reader_sees_a_whole_file_while_it_is_replaced()
    {
        await using IRemoteFolder folder = await CreateAsync();
        byte[][] versions = [.. Enumerable.Range(0, 8).Select(static index => Enumerable.Repeat((byte)index, 100_000).ToArray())];
        await folder.WriteAsync("file", versions[0], _none);
        Task writer = Task.Run(async () =>
        {
            foreach (byte[] version in versions) await folder.WriteAsync("file", version, _none);
        });
        do
        {
            byte[] buffer = new byte[100_000];
            Assert.Equal(100_000, await folder.ReadAsync("file", 0, buffer, _none));
            Assert.Single(buffer.Distinct());
        }
        while (!writer.IsCompleted);
        await writer;
    }

    [Fact]
    public async Task Cancelled_calls_throw_and_the_folder_stays_usable()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("file", Bytes(1, 100), _none);
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await folder.WriteAsync("other", Bytes(1, 100), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await folder.ReadAsync("file", 0, new byte[10], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await folder.DeleteAsync("file", cancelled));
        using var later = new CancellationTokenSource();
        Task write = folder.WriteAsync("large", Bytes(2, 3_000_000), later.Token).AsTask();
        await later.CancelAsync();
        try
        {
            await write;
        }
        catch (OperationCanceledException)
        {
            Assert.Null(await folder.ReadAsync("large", 0, new byte[1], _none));
        }

        Assert.Equal(100, await folder.ReadAsync("file", 0, new byte[200], _none));
    }

    protected static byte[] Bytes(int seed, int size)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected static async Task<List<RemoteFile>> ListAsync(IRemoteFolder folder, string directory)
    {
        var files = new List<RemoteFile>();
        await foreach (RemoteFile file in folder.ListAsync(directory, _none)) files.Add(file);
        return files;
    }
}
