using System.Runtime.InteropServices;
using Bazil.Fuse.Examples;
using Bazil.Fuse.Session;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Session;

/// <summary>A dispatcher over a real file system, fed from byte arrays, without a kernel.</summary>
internal sealed class DispatcherHarness : IDisposable
{
    private readonly RequestPool _pool = new(1 << 20);
    private readonly FuseFileSystem _fileSystem;

    internal DispatcherHarness(FuseFileSystem? fileSystem = null, Func<Exception, Errno?>? mapException = null)
    {
        _fileSystem = fileSystem ?? new MemoryFileSystem(TimeProvider.System, 1 << 24);
        _fileSystem.Initialize(new FuseConnection(new SilentNotifier()));
        Dispatcher = new Dispatcher(_fileSystem, FuseCapabilities.None, mapException, (level, message, exception) =>
        {
            lock (Log) Log.Add(message + exception);
        });
        Request = _pool.Rent();
    }

    internal Dispatcher Dispatcher { get; }

    internal RecordingChannel Channel { get; } = new();

    internal List<string> Log { get; } = [];

    internal FuseRequest Request { get; private set; }

    /// <summary>Dispatches exactly these bytes. True when it was answered at once.</summary>
    internal bool Feed(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Request.Buffer.GetSpan());
        if (Dispatcher.Dispatch(Request, Channel, bytes.Length)) return true;
        Request = _pool.Rent();
        return false;
    }

    /// <summary>Dispatches a request whose header tells the length it has, and returns its answer, if there is one.</summary>
    internal (Errno Error, byte[] Body)? Ask(ReadOnlySpan<byte> bytes)
    {
        var copy = bytes.ToArray();
        if (copy.Length >= sizeof(uint)) MemoryMarshal.Write(copy, (uint)copy.Length);
        Channel.Replies.Clear();
        Feed(copy);
        if (Channel.Replies.Count == 0) return null;
        var (_, error, body) = Channel.Replies.Single();
        return (error, body);
    }

    public void Dispose()
    {
        _pool.Return(Request);
        _pool.Dispose();
        _fileSystem.Destroy();
    }

    private sealed class SilentNotifier : IFuseNotifier
    {
        public Task<Errno> InvalidateInode(FuseNodeId node, long offset, long length) => Nothing;

        public Task<Errno> InvalidateEntry(FuseNodeId parent, ReadOnlySpan<byte> name) => Nothing;

        public Task<Errno> ExpireEntry(FuseNodeId parent, ReadOnlySpan<byte> name) => Nothing;

        public Task<Errno> DeleteEntry(FuseNodeId parent, FuseNodeId child, ReadOnlySpan<byte> name) => Nothing;

        public Task<Errno> Store(FuseNodeId node, long offset, ReadOnlySpan<byte> data) => Nothing;

        public Task<byte[]?> Retrieve(FuseNodeId node, long offset, int count) => Task.FromResult<byte[]?>(null);

        public Task<Errno> WakePoll(FusePollHandle waiter) => Nothing;

        public Task<Errno> ExpireAllEntries() => Nothing;

        public Task<Errno> Resend() => Nothing;

        private static Task<Errno> Nothing => Task.FromResult(Errno.ENOENT);
    }
}
