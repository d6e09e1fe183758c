using Bazil.Fuse.Examples.Passthrough;
using Bazil.Fuse.Tests.Mounted;
using Bazil.Testing;

namespace Bazil.Fuse.Tests.Passthrough;

/// <summary>The example over a real directory and through a real mount; what a child process does there is compared with the directory itself.</summary>
public sealed class PassthroughFileSystemTests : IAsyncLifetime
{
    private readonly TempDirectory _source = new("bazil-source-");
    private PassthroughFileSystem _fileSystem = null!;
    private TestMount _mount = null!;

    public async ValueTask InitializeAsync()
    {
        _fileSystem = new PassthroughFileSystem(_source.Path, exclusive: false);
        _mount = await TestMount.StartAsync(_fileSystem, options => options with { AllowOther = true });
    }

    public async ValueTask DisposeAsync()
    {
        await _mount.DisposeAsync();
        _source.Dispose();
        Assert.DoesNotContain(_mount.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_written_is_in_the_directory_underneath()
    {
        await _mount.ShellAsync("mkdir -p a/b; printf hello > a/b/f; printf more >> a/b/f; dd if=/dev/zero of=big bs=1M count=3 status=none");
        Assert.Equal("hellomore", await File.ReadAllTextAsync(_source["a/b/f"], TestContext.Current.CancellationToken));
        Assert.Equal(3 << 20, new FileInfo(_source["big"]).Length);
        Assert.Equal("hellomore", await _mount.ShellAsync("cat a/b/f"));
    }

    [Fact]
    public async Task What_the_directory_underneath_holds_is_seen_and_read()
    {
        Directory.CreateDirectory(_source["there"]);
        await File.WriteAllBytesAsync(_source["there/f"], new byte[300_001], TestContext.Current.CancellationToken);
        Assert.Equal("300001", await _mount.ShellAsync("cat there/f | wc -c"));
        await File.WriteAllTextAsync(_source["there/g"], "new", TestContext.Current.CancellationToken);
        Assert.Equal("new", await _mount.ShellAsync("cat there/g"));
    }

    [Fact]
    public async Task Attributes_go_through_and_come_back() => await _mount.PythonAsync($"""
        source = '{_source.Path}'
        open('f', 'w').write('0123456789')
        os.chmod('f', 0o640)
        os.chown('f', 12, 34)
        os.truncate('f', 4)
        os.utime('f', ns=(1_000_000_007, 2_000_000_000_000_000_009))
        os.symlink('nowhere', 'l')
        os.utime('l', ns=(5, 6), follow_symlinks=False)
        os.chown('l', 7, 8, follow_symlinks=False)
        os.mkfifo('p', 0o600)
        os.mknod('d', 0o600 | stat.S_IFCHR, os.makedev(259, 70000))
        os.mkdir('x', 0o750)
        os.rmdir('x')
        for name in 'flpd':
            mine, theirs = os.lstat(name), os.lstat(source + '/' + name)
            for field in 'st_ino st_mode st_nlink st_uid st_gid st_size st_blocks st_rdev st_atime_ns st_mtime_ns st_ctime_ns'.split():
                assert getattr(mine, field) == getattr(theirs, field), (name, field, mine, theirs)
        assert os.readlink('l') == 'nowhere'
        assert os.statvfs('.').f_blocks == os.statvfs(source).f_blocks
        assert not os.path.exists('x')
        """);

    [Fact]
    public async Task Names_of_one_file_are_one_inode_and_renames_keep_it() => await _mount.PythonAsync("""
        open('a', 'w').write('x')
        os.link('a', 'b')
        assert os.stat('a').st_ino == os.stat('b').st_ino and os.stat('b').st_nlink == 2
        os.mkdir('d')
        os.rename('b', 'd/c')
        assert os.stat('d/c').st_ino == os.stat('a').st_ino
        open('e', 'w').write('yy')
        os.rename('e', 'a')
        assert open('a').read() == 'yy' and open('d/c').read() == 'x'
        try: os.rmdir('d'); assert False
        except OSError as e: assert e.errno == errno.ENOTEMPTY
        """);

    [Fact]
    public async Task Unlinked_open_file_keeps_its_data() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        os.write(fd, b'alive')
        os.unlink('f')
        assert os.pread(fd, 10, 0) == b'alive'
        assert os.fstat(fd).st_nlink == 0
        assert os.listdir('.') == []
        os.fsync(fd)
        os.close(fd)
        """);

    [Fact]
    public async Task A_large_directory_is_listed_once_each_and_while_it_shrinks() => await _mount.PythonAsync("""
        names = {f'name-{i:05}' for i in range(3000)}
        for name in names: open(name, 'w').close()
        assert set(os.listdir('.')) == names and len(os.listdir('.')) == 3000
        assert all(entry.stat().st_size == 0 for entry in os.scandir('.'))
        seen = set()
        for entry in os.scandir('.'):
            seen.add(entry.name)
            os.unlink(entry.name)
        assert seen == names and os.listdir('.') == []
        """);

    [Fact]
    public async Task Holes_are_found_and_ranges_allocated() => await _mount.PythonAsync("""
        fd = os.open('f', os.O_RDWR | os.O_CREAT)
        os.pwrite(fd, b'x' * 4096, 1 << 20)
        assert os.lseek(fd, 0, os.SEEK_DATA) == 1 << 20
        assert os.lseek(fd, 1 << 20, os.SEEK_HOLE) == (1 << 20) + 4096
        os.posix_fallocate(fd, 0, 2 << 20)
        assert os.fstat(fd).st_size == 2 << 20
        """);

    [Fact]
    public async Task What_a_user_makes_is_the_users()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become somebody else");
        await _mount.PythonAsync("""
            os.chmod('.', 0o777)
            os.setgid(65534); os.setuid(65534)
            open('f', 'w').write('mine')
            os.mkdir('d')
            os.symlink('f', 'l')
            assert {os.lstat(name).st_uid for name in 'fdl'} == {65534} == {os.lstat(name).st_gid for name in 'fdl'}
            """);
    }

    [Fact]
    public async Task Nodes_the_kernel_forgets_are_closed()
    {
        await _mount.ShellAsync("mkdir d; for i in $(seq 200); do echo $i > d/$i; done; ls -l d > /dev/null; rm -r d");
        // The kernel forgets after the call that caused it.
        Assert.True(SpinWait.SpinUntil(() => _fileSystem.NodeCount == 1, TimeSpan.FromSeconds(20)), $"{_fileSystem.NodeCount} nodes");
    }

    [Fact]
    public void The_example_has_less_than_400_lines_of_code()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Bazil.slnx"))) folder = folder.Parent!;
        var lines = Directory.EnumerateFiles(Path.Combine(folder.FullName, "examples/PassthroughFileSystem"), "*.cs")
            .SelectMany(File.ReadLines)
            .Select(line => line.Trim())
            .Count(line => line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal));
        Assert.InRange(lines, 100, 399);
    }
}
