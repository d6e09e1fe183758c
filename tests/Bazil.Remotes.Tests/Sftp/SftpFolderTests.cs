using Bazil.Remotes.Folders;
using Bazil.Remotes.Sftp;
using Bazil.Remotes.Tests.Contracts;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Bazil.Testing.Sftp;

namespace Bazil.Remotes.Tests.Sftp;

/// <summary>The SFTP folder against a real <c>sshd</c>.</summary>
public sealed class SftpFolderTests : RemoteFolderContract, IDisposable
{
    private static readonly CancellationToken _none = CancellationToken.None;

    private readonly SftpServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Nothing_is_left_in_tmp_and_files_are_private()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("a/file", Bytes(1, 100), _none);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_server.Folder, "tmp")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_server.Folder, "a/file")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_server.Folder, "a")));
    }

    [Fact]
    public async Task Connection_that_ended_is_made_anew()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("file", Bytes(1, 100), _none);
        _server.Stop();
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await folder.ReadAsync("file", 0, new byte[10], _none));
        Assert.True(away.IsUnreachable);
        Assert.Contains("refuses the connection", away.Message, StringComparison.Ordinal);
        _server.Start();
        Assert.Equal(100, await folder.ReadAsync("file", 0, new byte[200], _none));
        _server.Stop();
        _server.Start();
        Assert.Equal(100, await folder.ReadAsync("file", 0, new byte[200], _none));
    }

    [Fact]
    public async Task Key_that_is_not_let_in_is_an_error_that_says_what_to_do()
    {
        _server.MakeKey("stranger");
        await using var folder = _server.OpenFolder(key: "stranger");
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await folder.ReadAsync("file", 0, new byte[10], _none));
        Assert.False(refused.IsUnreachable);
        Assert.Contains("does not let us in", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changed_host_key_is_refused()
    {
        _server.MakeKey("impostor");
        _server.WriteKnownHosts("impostor");
        await using var folder = _server.OpenFolder();
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], _none));
        Assert.Contains("host key has changed", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-keygen -R", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_server.Folder));
    }

    [Fact]
    public async Task Unknown_host_key_is_refused()
    {
        File.WriteAllText(_server.At("known_hosts"), "");
        await using var folder = _server.OpenFolder();
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await folder.ReadAsync("file", 0, new byte[10], _none));
        Assert.Contains("host key is not known", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directory_above_the_folder_is_not_made()
    {
        await using var folder = _server.OpenFolder(path: _server.At("no/such/place"));
        StoreException missing = await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("file", new byte[10], _none));
        Assert.Contains("No such file", missing.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_server.At("no")));
    }

    [Fact]
    public async Task Free_space_is_that_of_the_disk()
    {
        await using IRemoteFolder folder = await CreateAsync();
        await folder.WriteAsync("file", new byte[1], _none);
        RemoteSpace space = Assert.NotNull(await folder.GetSpaceAsync(_none));
        Assert.Equal(new DriveInfo(_server.Folder).TotalSize, space.TotalBytes);
        Assert.InRange(space.FreeBytes, 1, space.TotalBytes);
    }

    [Fact]
    public async Task Write_that_fails_leaves_nothing_and_what_others_left_is_removed_after_a_day()
    {
        var time = new ManualTime();
        await using (SftpFolder folder = _server.OpenFolder(time: time))
        {
            await folder.WriteAsync("a/file", new byte[10], _none);
            Directory.CreateDirectory(Path.Combine(_server.Folder, "packs/file"));
            await Assert.ThrowsAsync<StoreException>(async () => await folder.WriteAsync("packs/file", new byte[100_000], _none)); // a directory is in its place
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(_server.Folder, "tmp")));
        }

        string left = Path.Combine(_server.Folder, "tmp", new string('a', 32)), other = Path.Combine(_server.Folder, "tmp/notes");
        foreach (string path in (string[])[left, other]) await File.WriteAllTextAsync(path, "x", _none);
        await using (SftpFolder folder = _server.OpenFolder(time: time)) Assert.Single(await ListAsync(folder, "a"));
        Assert.True(File.Exists(left));
        time.Advance(Limits.TemporaryAge + TimeSpan.FromMinutes(1));
        await using (SftpFolder folder = _server.OpenFolder(time: time)) Assert.Single(await ListAsync(folder, "a"));
        Assert.False(File.Exists(left));
        Assert.True(File.Exists(other));
    }

    [Fact]
    public async Task Server_that_does_not_greet_is_given_up()
    {
        var time = new ManualTime();
        string program = _server.At("silent");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nexec sleep 600\n", _none);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var folder = new SftpFolder(new SftpAddress(null, "host", null, "/x"), new SshOptions(program, []), time);
        Task<int?> read = folder.ReadAsync("file", 0, new byte[1], _none).AsTask();
        while (!read.IsCompleted)
        {
            time.Advance(Limits.SftpSilenceMax);
            await Task.Yield();
        }

        StoreException silent = await Assert.ThrowsAsync<StoreException>(() => read);
        Assert.True(silent.IsUnreachable);
        Assert.Contains("not greeted", silent.Message, StringComparison.Ordinal);
    }

    protected override ValueTask<IRemoteFolder> CreateAsync() => new(_server.OpenFolder());
}
