namespace Bazil.Fuse;

/// <summary>By what the kernel knows the waiters of an open file; see <see cref="IFuseNotifier.WakePoll"/>.</summary>
public readonly record struct FusePollHandle(ulong Value);
