namespace Bazil.Fuse.Tests.Mounted;

public sealed class MemoryFileSystemTestsOverDevice() : MemoryFileSystemTests(FuseTransport.Device);

public sealed class MemoryFileSystemTestsOverUring() : MemoryFileSystemTests(FuseTransport.Uring);
