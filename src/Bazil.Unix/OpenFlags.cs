using System.Runtime.InteropServices;

namespace Bazil.Unix;

/// <summary>How <see cref="UnixFile.Open"/> opens. <c>O_CLOEXEC</c> is always added: no descriptor leaks into a child.</summary>
[Flags]
public enum OpenFlags
{
    ReadOnly = 0,
    WriteOnly = 1,
    ReadWrite = 2,
    Create = 0x40,
    Exclusive = 0x80,
    Truncate = 0x200,
    Append = 0x400,
    /// <summary>Fail unless it is a directory.</summary>
    Directory = 0x10000,
    /// <summary>Fail if the last component is a symbolic link.</summary>
    NoFollow = 0x20000,
}

/// <summary>Translates to the numbers of this machine: a few differ between x86-64 (asm-generic) and arm64.</summary>
internal static class OpenFlagsExtensions
{
    private const int CloseOnExec = 0x80000;

    internal static int ToNative(this OpenFlags flags)
    {
        int native = (int)flags | CloseOnExec;
        if (RuntimeInformation.ProcessArchitecture != Architecture.Arm64) return native;
        native &= ~(int)(OpenFlags.Directory | OpenFlags.NoFollow);
        if (flags.HasFlag(OpenFlags.Directory)) native |= 0x4000;
        if (flags.HasFlag(OpenFlags.NoFollow)) native |= 0x8000;
        return native;
    }
}
