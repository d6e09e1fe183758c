using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// A frozen tree of which a snapshot is taken: the live volume implements it on a snapshot of its database. It must not
/// change while the writer works. Called by one thread at a time; several listings are open at once, one for each level of the tree.
/// <para>Every chunk that a content names is put in the writer's chunk store before the writer starts.</para>
/// </summary>
public interface ISnapshotSource
{
    VolumeId Volume { get; }

    /// <summary>When the tree was frozen.</summary>
    UnixTime Taken { get; }

    /// <summary>The sharing-key epoch under which the writer's chunk store seals.</summary>
    uint KeyEpoch { get; }

    /// <summary>The handle of the root directory.</summary>
    InodeId Root { get; }

    /// <summary>Attributes of the root directory.</summary>
    AttributeValue RootAttributes { get; }

    UnixTime RootModifyTime { get; }

    /// <summary>
    /// The names in a directory, strictly ascending by their bytes, without "." and "..". Enumerated once; disposed when the
    /// writer stops early.
    /// </summary>
    IEnumerable<SnapshotSourceEntry> List(InodeId directory);

    /// <summary>
    /// When nothing below the directory has changed since a snapshot that this machine still holds complete: the manifest
    /// of the directory there. It is used without descending. Null means not known.
    /// </summary>
    DirectoryManifest? FindUnchanged(InodeId directory) => null;

    /// <summary>
    /// When it is known in which names a directory, its manifest apart, may differ from a snapshot that this machine still holds complete: those
    /// names. Only they are listed then. Null means not known.
    /// </summary>
    DirectoryChanges? FindChanges(InodeId directory) => null;

    /// <summary>What some names (strictly ascending) show in a directory, like <see cref="List(InodeId)"/>; those that show nothing are left out.</summary>
    IEnumerable<SnapshotSourceEntry> List(InodeId directory, IReadOnlyList<FileName> names) => List(directory).Where(entry => names.Contains(entry.Name));

    /// <summary>Tells that a listing is given up, and begun again for all names of the directory.</summary>
    void OnAbandoned(InodeId directory)
    {
    }

    /// <summary>
    /// Tells that a directory was listed and written, to be remembered for <see cref="FindUnchanged"/>; valid only once the
    /// snapshot is complete.
    /// </summary>
    void OnWritten(InodeId directory, DirectoryManifest manifest)
    {
    }
}
