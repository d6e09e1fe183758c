using System.Runtime.InteropServices;

namespace Bazil.Core;

/// <summary>Finds a shared library under the names that distributions give it.</summary>
public static class NativeLibraryLoader
{
    /// <summary>Loads the first of the names that can be loaded. The handle stays valid for the life of the process.</summary>
    /// <param name="library">Name for messages, such as <c>libsodium</c>.</param>
    /// <param name="package">The package of Debian and Ubuntu that holds it.</param>
    /// <param name="names">Names with version, such as <c>libsodium.so.23</c>, the preferred one first.</param>
    /// <exception cref="NativeLibraryMissingException">None can be loaded.</exception>
    public static nint Load(string library, string package, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle)) return handle;
        }

        throw new NativeLibraryMissingException(library, package);
    }
}
