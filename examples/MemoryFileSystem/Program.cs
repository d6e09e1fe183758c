using System.Runtime.InteropServices;
using Bazil.Fuse;
using Bazil.Fuse.Examples;

if (args is not [var mountpoint, ..])
{
    Console.Error.WriteLine("usage: MemoryFileSystem MOUNTPOINT [--helper] [--allow-other] [--acl] [--device | --uring]");
    return 2;
}

var options = new FuseMountOptions
{
    Mountpoint = mountpoint,
    FileSystemName = "memory",
    Subtype = "memory",
    AllowOther = args.Contains("--allow-other"),
    Transport = args.Contains("--device") ? FuseTransport.Device : args.Contains("--uring") ? FuseTransport.Uring : FuseTransport.Automatic,
    // The kernel then need not ask for security.capability before each write.
    Capabilities = FuseCapabilities.Default | FuseCapabilities.HandleKillPrivV2
        | (args.Contains("--acl") ? MemoryFileSystem.AccessListCapabilities : FuseCapabilities.None),
    Method = args.Contains("--helper") ? FuseMountMethod.Helper : FuseMountMethod.Automatic,
};
const long capacityBytes = 4L << 30;

try
{
    await using var mount = await FuseMount.MountAsync(
        options,
        new MemoryFileSystem(TimeProvider.System, capacityBytes),
        (level, message, exception) => Console.Error.WriteLine($"{level}: {message} {exception}"),
        CancellationToken.None);
    var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    Console.WriteLine($"mounted at {mount.Mountpoint} over {mount.Connection.Transport}");
    await Task.WhenAny(stop.Task, mount.Completion);
    return 0;

    void Stop(PosixSignalContext context)
    {
        context.Cancel = true; // Unmount first, then end.
        stop.TrySetResult();
    }
}
catch (FuseMountException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
