using Bazil.Unix;

namespace Bazil.Fuse.Session;

/// <summary>Sends the value of a handler as the answer of its request, and takes back what the kernel did not receive.</summary>
internal delegate Errno ReplySender<T>(Dispatcher dispatcher, FuseRequest request, in T value);
