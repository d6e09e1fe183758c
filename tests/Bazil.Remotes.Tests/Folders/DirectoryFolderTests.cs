using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Tests.Contracts;
using Bazil.Storage.Stores;
using Bazil.Testing;

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
        await using var folder = new DirectoryFolder("disk:blue", () => _directory["no/such/place"], new SodiumEntropy());
        StoreException missing = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], Cancel));
        Assert.Contains("there is no directory", missing.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory["no"]));
    }

    [Fact]
    public async Task Disk_that_is_away_is_unreachable_and_nothing_is_written_elsewhere()
    {
        Assert.True(LabelledDisk.TryParse("disk:no-such-label", out LabelledDisk? disk));
        await using var folder = new DirectoryFolder(disk.ToString(), disk.Locate, new SodiumEntropy());
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], Cancel));
        Assert.True(away.IsUnreachable);
        Assert.Equal("disk no-such-label is not plugged in", away.Message);
    }

    protected override ValueTask<IRemoteFolder> CreateAsync() => new(new DirectoryFolder("disk:blue", () => _directory["disk"], new SodiumEntropy()));
}
