namespace Bazil.Architecture.Tests;

/// <summary>
/// Which assembly may see which: Core, Unix, {Fuse, Storage}, {Remotes, FileSystem, Peers}, Server, Cli, each those of lower
/// layers and none of its own. So Fuse, a product of its own, sees nothing above Unix.
/// </summary>
internal static class Layers
{
    private static readonly string[][] BottomUp =
    [
        ["Bazil.Core"], ["Bazil.Unix"], ["Bazil.Fuse", "Bazil.Storage"],
        ["Bazil.Remotes", "Bazil.FileSystem", "Bazil.Peers"], ["Bazil.Server"], ["Bazil.Cli"],
    ];

    public static IEnumerable<string> Assemblies => BottomUp.SelectMany(layer => layer);

    /// <summary>One line for each reference that is not allowed, and each assembly that has no place.</summary>
    public static IEnumerable<string> Violations(IEnumerable<(string From, string To)> references)
    {
        foreach ((string from, string to) in references)
        {
            int fromLayer = LayerOf(from);
            int toLayer = LayerOf(to);
            if (fromLayer < 0) yield return $"{from} has no layer";
            else if (toLayer < 0) yield return $"{to} has no layer";
            else if (fromLayer == toLayer) yield return $"{from} sees its sibling {to}";
            else if (fromLayer < toLayer) yield return $"{from} sees {to} above it";
        }
    }

    private static int LayerOf(string assembly) => Array.FindIndex(BottomUp, layer => layer.Contains(assembly));
}
