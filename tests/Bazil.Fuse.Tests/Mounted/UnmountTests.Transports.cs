namespace Bazil.Fuse.Tests.Mounted;

public sealed class UnmountTestsOverDevice() : UnmountTests(FuseTransport.Device);

public sealed class UnmountTestsOverUring() : UnmountTests(FuseTransport.Uring);
