namespace Bazil.Fuse.Tests.Mounted;

public sealed class HandlerTestsOverDevice() : HandlerTests(FuseTransport.Device);

public sealed class HandlerTestsOverUring() : HandlerTests(FuseTransport.Uring);
