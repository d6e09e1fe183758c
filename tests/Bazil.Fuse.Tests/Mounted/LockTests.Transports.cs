namespace Bazil.Fuse.Tests.Mounted;

public sealed class LockTestsOverDevice() : LockTests(FuseTransport.Device);

public sealed class LockTestsOverUring() : LockTests(FuseTransport.Uring);
