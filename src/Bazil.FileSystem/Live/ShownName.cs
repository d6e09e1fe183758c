using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// What one name shows, decided identically on every replica. Directories win the name and unite, the smallest node id
/// is primary. Of files the largest version is in place; those with equal content are shown with it as one (twins), the
/// others are conflicts.
/// </summary>
/// <param name="Directories">United directories, the primary first.</param>
/// <param name="Files">The file in place and its twins; not shown while there are directories.</param>
/// <param name="Conflicts">Other files on this name.</param>
internal readonly record struct ShownName(Claim[] Directories, Claim[] Files, Claim[] Conflicts)
{
    public bool IsNothing => Directories.Length == 0 && Files.Length == 0;

    /// <summary>The claim that stands for the name.</summary>
    public Claim Primary => Directories.Length > 0 ? Directories[0] : Files[0];

    /// <summary>All claims that an operation on the name acts on.</summary>
    public Claim[] Group => Directories.Length > 0 ? Directories : Files;

    /// <summary>Files that are not shown in place: conflicts, and all files when a directory holds the name.</summary>
    public IEnumerable<Claim> Hidden => Directories.Length > 0 ? Files.Concat(Conflicts) : Conflicts;

    public static ShownName Of(Claim[] claims, Func<InodeId, NodeRecord?> read)
    {
        if (claims.Length == 0) return new ShownName([], [], []);
        if (claims.Length == 1) return claims[0].IsDirectory ? new ShownName(claims, [], []) : new ShownName([], claims, []);
        claims = WithoutReplaced(claims, read);
        if (claims.Length == 1) return claims[0].IsDirectory ? new ShownName(claims, [], []) : new ShownName([], claims, []);
        Claim[] directories = [.. claims.Where(claim => claim.IsDirectory).OrderBy(claim => claim.Node)];
        Claim[] files = [.. claims.Where(claim => !claim.IsDirectory)
            .OrderByDescending(claim => claim.Version).ThenByDescending(claim => claim.Node).ThenByDescending(claim => claim.LinkId)];
        if (files.Length == 0) return new ShownName(directories, [], []);
        ILookup<bool, Claim> twins = files.ToLookup(file => file.Node == files[0].Node || AreTwins(file, files[0], read));
        return new ShownName(directories, [.. twins[true]], [.. twins[false]]);
    }

    /// <summary>A deletion that waits does not hide what has taken the name over.</summary>
    private static Claim[] WithoutReplaced(Claim[] claims, Func<InodeId, NodeRecord?> read)
    {
        Claim[] living = [.. claims.Where(claim => read(claim.Inode) is not { Held: not null })];
        if (living.Length == claims.Length || living.Length == 0) return claims;
        bool keepsDirectories = living.Any(claim => claim.IsDirectory);
        return [.. claims.Where(claim => living.Contains(claim) || (keepsDirectories && claim.IsDirectory))];
    }

    private static bool AreTwins(Claim left, Claim right, Func<InodeId, NodeRecord?> read)
    {
        if (left.Kind != right.Kind || read(left.Inode) is not { } a || read(right.Inode) is not { } b) return false;
        return !b.Content.IsConflict && a.Content.HasSameValues(b.Content);
    }
}
