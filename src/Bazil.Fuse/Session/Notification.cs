using Bazil.Fuse.Kernel;
using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>A message to the kernel on its way; the task tells what came of it.</summary>
internal sealed class Notification(NotifyCode code, byte[] body, byte[] name)
{
    private readonly TaskCompletionSource<Errno> _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal NotifyCode Code { get; } = code;

    internal byte[] Body { get; } = body;

    internal byte[] Name { get; } = name;

    internal Task<Errno> Sent => _sent.Task;

    internal void Complete(Errno outcome) => _sent.TrySetResult(outcome);
}
