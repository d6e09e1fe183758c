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
    public async Task Directory_above_the_folder_is_not_made()
    {
        await using var folder = new DirectoryFolder("disk:blue", () => DirectoryHandle.Open(_directory.Path), "no/such/place", new SodiumEntropy());
        StoreException missing = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], Cancel));
        Assert.Contains("there is no directory", missing.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory["no"]));
    }

    [Fact]
    public async Task Disk_that_is_away_is_unreachable_and_nothing_is_written_elsewhere()
    {
        Assert.True(LabelledDisk.TryParse("disk:no-such-label", out LabelledDisk? disk));
        await using var folder = new DirectoryFolder(disk.ToString(), disk.Open, disk.Directory, new SodiumEntropy());
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], Cancel));
        Assert.True(away.IsUnreachable);
        Assert.Equal("disk no-such-label is not plugged in", away.Message);
    }

    [Fact]
    public async Task What_is_written_where_a_store_is_makes_no_directory_elsewhere_and_follows_the_disk_not_its_path()
    {
        var where = new FileBeginning("mark", "right"u8.ToArray());
        bool isUnmounted = false;
        await using var folder = new DirectoryFolder("disk:blue", Open, "disk", new SodiumEntropy());
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

    protected override ValueTask<IRemoteFolder> CreateAsync() => new(new DirectoryFolder("disk:blue", () => DirectoryHandle.Open(_directory.Path), "disk", new SodiumEntropy()));
}
