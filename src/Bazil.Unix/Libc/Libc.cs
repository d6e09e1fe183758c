using System.Runtime.InteropServices;

namespace Bazil.Unix;

/// <summary>
/// Every call into libc, one partial file for each aspect (files, locks, sockets, mount). Thin: the types of the C
/// prototype, -1 and errno on failure. The public types of this assembly give them meaning.
/// </summary>
internal static partial class Libc
{
    /// <summary>glibc's soname, so that no development package is needed.</summary>
    internal const string Library = "libc.so.6";

    /// <summary>The error of the last call that was declared with <c>SetLastError</c>, on this thread.</summary>
    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();
}
