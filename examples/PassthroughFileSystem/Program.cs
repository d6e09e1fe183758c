using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Bazil.Fuse;
using Bazil.Fuse.Examples.Passthrough;

[assembly: DisableRuntimeMarshalling]

if (args is not [var source, var mountpoint, ..])
{
    Console.Error.WriteLine("usage: PassthroughFileSystem SOURCE MOUNTPOINT [--exclusive] [--allow-other] [--device]");
    return 2;
}

var options = new FuseMountOptions { Mountpoint = mountpoint, FileSystemName = source, Subtype = "passthrough", AllowOther = args.Contains("--allow-other") };
if (args.Contains("--device")) options = options with { Transport = FuseTransport.Device };
var fileSystem = new PassthroughFileSystem(source, args.Contains("--exclusive"));
await using var mount = await FuseMount.MountAsync(
    options, fileSystem, (level, message, exception) => Console.Error.WriteLine($"{level}: {message} {exception}"), CancellationToken.None);
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = stop.TrySetResult());
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = stop.TrySetResult());
Console.WriteLine("mounted at " + mount.Mountpoint);
await Task.WhenAny(stop.Task, mount.Completion);
return 0;
