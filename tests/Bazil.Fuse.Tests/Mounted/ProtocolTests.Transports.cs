namespace Bazil.Fuse.Tests.Mounted;

public sealed class ProtocolTestsOverDevice() : ProtocolTests(FuseTransport.Device);

public sealed class ProtocolTestsOverUring() : ProtocolTests(FuseTransport.Uring);
