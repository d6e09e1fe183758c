using Bazil.Fuse.Examples;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>A mount that drops setuid and setgid itself (FUSE_HANDLE_KILLPRIV_V2), so that the kernel need not ask before each write.</summary>
public sealed class KillPrivilegesTests
{
    [Fact]
    public async Task Writing_truncating_and_giving_away_take_setuid_and_setgid()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become somebody else");
        await using var mount = await StartAsync(new MemoryFileSystem(TimeProvider.System, 1 << 20));
        await mount.PythonAsync("""
            def fresh(name, mode):
                open(name, 'w').write('x' * 10)
                os.chown(name, 65534, 65534)
                os.chmod(name, mode)
            def mode(name): return stat.S_IMODE(os.stat(name).st_mode)
            for name in 'wtg': fresh(name, 0o6777)
            fresh('l', 0o6767)
            os.chown('g', 1, 1)
            assert mode('g') == 0o777, oct(mode('g'))
            os.setgid(65534); os.setuid(65534)
            with open('w', 'r+') as file: file.write('y')
            os.truncate('t', 3)
            with open('l', 'r+') as file: file.write('y')
            assert (mode('w'), mode('t')) == (0o777, 0o777), (oct(mode('w')), oct(mode('t')))
            assert mode('l') == 0o2767, oct(mode('l'))
            """);
    }

    [Fact]
    public async Task Only_the_first_write_is_preceded_by_a_question_for_capabilities()
    {
        var fileSystem = new CountingFileSystem();
        await using var mount = await StartAsync(fileSystem);
        await mount.PythonAsync("""
            with open('f', 'wb', buffering=0) as file:
                for _ in range(100): file.write(b'x')
            """);
        Assert.InRange(fileSystem.Questions, 0, 1);
    }

    private static Task<TestMount> StartAsync(FuseFileSystem fileSystem) =>
        TestMount.StartAsync(fileSystem, options => options with
        {
            AllowOther = true,
            Capabilities = FuseCapabilities.Default | FuseCapabilities.HandleKillPrivV2,
        });

    private sealed class CountingFileSystem() : MemoryFileSystem(TimeProvider.System, 1 << 20)
    {
        private int _questions;

        internal int Questions => Volatile.Read(ref _questions);

        public override ValueTask<Reply<ReadOnlyMemory<byte>>> GetXattr(
            in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _questions);
            return base.GetXattr(context, node, name, cancellationToken);
        }
    }
}
