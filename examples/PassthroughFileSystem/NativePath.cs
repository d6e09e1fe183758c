using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>A name, or the path of a descriptor, with the NUL that libc wants. Lives on the stack.</summary>
[InlineArray(256)]
internal struct NativePath
{
    private byte _first;

    internal static NativePath Of(ReadOnlySpan<byte> name)
    {
        NativePath path = default;
        name.CopyTo(path[..255]);
        return path;
    }

    /// <summary>By this path the kernel opens anew what an O_PATH descriptor stands for, symbolic links included.</summary>
    internal static NativePath Of(SafeFileHandle handle)
    {
        NativePath path = default;
        Utf8.TryWrite(path, $"/proc/self/fd/{handle.DangerousGetHandle()}", out _);
        return path;
    }
}
