using System.Text;
using Bazil.FileSystem.Nodes;
using Bazil.Server.Commands;
using Bazil.Server.Errors;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;

namespace Bazil.Server.Fetching;

/// <summary>The content of what a path in a mounted volume names.</summary>
/// <param name="Volume">The volume.</param>
/// <param name="Path">As it was given, as text of one line.</param>
/// <param name="Names">From the root of the volume.</param>
/// <param name="Content">Listed while it is read.</param>
internal sealed record ContentSelection(OpenVolume Volume, string Path, IReadOnlyList<FileName> Names, IEnumerable<Manifest> Content)
{
    /// <param name="path">Absolute and canonical.</param>
    /// <exception cref="CommandFailedException">It leads to nothing in a mounted volume.</exception>
    public static ContentSelection Of(VolumeRegistry volumes, string path)
    {
        string shown = PathText.Of(Encoding.UTF8.GetBytes(path));
        (OpenVolume volume, string mountpoint) = volumes.FindMountedVolume(path)
            ?? throw new CommandFailedException(ErrorKind.NotFound, $"{shown} is not in a mounted volume of this server", "see where volumes are mounted: bazil volume list");
        string[] parts = path[mountpoint.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (!parts.All(static part => FileName.TryCreate(Encoding.UTF8.GetBytes(part), out _))) throw PathText.Missing(shown);
        FileName[] names = [.. parts.Select(FileName.Parse)];
        if (names.Any(static name => name.IsReserved)) throw new CommandFailedException(ErrorKind.Invalid, $"{shown} is inside of {names.First(static name => name.IsReserved)}", "name files and directories of the volume itself");
        return new ContentSelection(volume, shown, names, volume.Volume.ListContent(names) ?? throw PathText.Missing(shown));
    }
}
