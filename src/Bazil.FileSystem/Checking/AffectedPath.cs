namespace Bazil.FileSystem.Checking;

/// <summary>Something whose content is not, or not surely, whole.</summary>
/// <param name="Path">From the root of the volume, such as <c>/photos/a.jpg</c> or <c>/.snap/monday/photos/a.jpg</c>.</param>
/// <param name="Reason">What is wrong with the first such chunk of it.</param>
public sealed record AffectedPath(string Path, string Reason);
