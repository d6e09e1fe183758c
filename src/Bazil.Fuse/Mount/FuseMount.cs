using Bazil.Fuse.Mount;
using Bazil.Fuse.Session;
using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>
/// A mounted file system. It ends when it is unmounted, from here or by umount(8); <see cref="Completion"/> tells when nothing
/// of it is left. May be used from any thread.
/// </summary>
public sealed class FuseMount : IAsyncDisposable
{
    /// <summary>What <see cref="DisposeAsync"/> leaves users of open files before it cuts them off.</summary>
    private static readonly TimeSpan DisposeGrace = TimeSpan.FromSeconds(2);

    /// <summary>An aborted connection ends as fast as its threads run; only a handler that ignores its cancellation takes longer.</summary>
    private static readonly TimeSpan AbortTime = TimeSpan.FromSeconds(10);

    private readonly IMounter _mounter;
    private readonly FuseSession _session;
    private readonly uint _connectionNumber;
    private int _detached;

    private FuseMount(string mountpoint, IMounter mounter, FuseSession session, FuseConnection connection, uint connectionNumber)
    {
        Mountpoint = mountpoint;
        Connection = connection;
        _mounter = mounter;
        _session = session;
        _connectionNumber = connectionNumber;
    }

    /// <summary>The mountpoint, absolute and without symbolic links.</summary>
    public string Mountpoint { get; }

    public FuseConnection Connection { get; }

    public IFuseNotifier Notifier => Connection.Notifier;

    /// <summary>
    /// Completes when the mount has ended, whoever ended it: its threads are joined, no handler runs,
    /// <see cref="FuseFileSystem.Destroy"/> has returned and all descriptors are closed.
    /// </summary>
    public Task Completion => _session.Completion;

    /// <summary>
    /// Mounts and serves <paramref name="fileSystem"/>, which belongs to this mount until <see cref="Completion"/>. A mount
    /// left at the mountpoint by a process that died is taken away first.
    /// </summary>
    /// <exception cref="FuseMountException">It cannot be mounted; nothing stays behind.</exception>
    public static async Task<FuseMount> MountAsync(
        FuseMountOptions options, FuseFileSystem fileSystem, FuseLog log, CancellationToken cancellationToken)
    {
        Check(options);
        var mounter = ChooseMounter(options);
        var mountpoint = await Fuse.Mount.Mountpoint.PrepareAsync(options.Mountpoint, mounter, log, cancellationToken);
        options = options with { Mountpoint = mountpoint };
        // The rest blocks, but never for long: the kernel sends its first message with the mount itself.
        return await Task.Run(() => Start(mountpoint, mounter, options, fileSystem, log), cancellationToken);
    }

    /// <summary>
    /// Takes the mount out of the tree at once, and returns when it has ended. Who has files open in it may go on for
    /// <paramref name="grace"/>; then their requests fail with ECONNABORTED.
    /// </summary>
    /// <exception cref="FuseMountException">It cannot be unmounted, or not be cut off. The end of the process ends it.</exception>
    public async Task UnmountAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        if (!Completion.IsCompleted) await DetachAsync(cancellationToken);
        if (await EndsWithin(grace, cancellationToken)) return;
        if (ConnectionControl.TryAbort(_connectionNumber) && await EndsWithin(AbortTime, cancellationToken)) return;
        throw new FuseMountException(FuseMountFailure.Busy, Mountpoint, "unmounted, but files are still open in it");
    }

    public async ValueTask DisposeAsync() => await UnmountAsync(DisposeGrace, CancellationToken.None);

    private static FuseMount Start(string mountpoint, IMounter mounter, FuseMountOptions options, FuseFileSystem fileSystem, FuseLog log)
    {
        var channel = new DeviceChannel(mounter.Mount(mountpoint, options));
        var number = MountTable.TryFind(mountpoint, out var entry) ? entry.Device : 0;
        var session = new FuseSession(channel, fileSystem, options, log, () => ConnectionControl.TryAbort(number));
        try
        {
            return new FuseMount(mountpoint, mounter, session, session.Start(), number);
        }
        catch
        {
            mounter.Unmount(mountpoint);
            throw;
        }
    }

    private async Task DetachAsync(CancellationToken cancellationToken)
    {
        // Twice would take away what somebody else mounted here meanwhile.
        if (Interlocked.Exchange(ref _detached, 1) != 0) return;
        try
        {
            await Task.Run(() => _mounter.Unmount(Mountpoint), cancellationToken);
        }
        catch
        {
            Volatile.Write(ref _detached, 0); // Still there: the next call may try again.
            throw;
        }
    }

    private async Task<bool> EndsWithin(TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await Completion.WaitAsync(time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static IMounter ChooseMounter(FuseMountOptions options) => options.Method switch
    {
        FuseMountMethod.Direct => new DirectMounter(),
        FuseMountMethod.Helper => new HelperMounter(),
        _ when options.BlockDevice is not null => new DirectMounter(),
        _ => UnixUser.EffectiveUserId == 0 ? new DirectMounter() : new HelperMounter(),
    };

    private static void Check(FuseMountOptions options)
    {
        if (options is { BlockDevice: not null, Method: FuseMountMethod.Helper }) throw new ArgumentException("fusermount3 mounts no block devices", nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Workers, FuseLimits.MaxWorkers);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxWriteBytes, Environment.SystemPageSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxWriteBytes, FuseLimits.MaxWriteBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBackground, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxBackground, ushort.MaxValue);
    }
}
