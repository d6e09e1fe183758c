namespace Bazil.Core;

/// <summary>A shared library of the distribution that Bazil needs is not installed. The message names the package to install.</summary>
public sealed class NativeLibraryMissingException(string library, string package, Exception? inner = null)
    : Exception($"{library} is not installed: install the package {package} (on Debian and Ubuntu: apt install {package})", inner)
{
    /// <summary>What is missing, such as <c>libsodium</c>.</summary>
    public string Library { get; } = library;

    /// <summary>Its package in Debian and Ubuntu.</summary>
    public string Package { get; } = package;
}
