namespace Bazil.Fuse.Tests.Mounted;

public sealed class NotifierTestsOverDevice() : NotifierTests(FuseTransport.Device);

public sealed class NotifierTestsOverUring() : NotifierTests(FuseTransport.Uring);
