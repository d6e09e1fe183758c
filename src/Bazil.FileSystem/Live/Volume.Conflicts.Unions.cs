using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Directories that are shown as one may each have a file of one name. No row says so, for it comes and goes with what happens above them: it is looked for when somebody asks.
public sealed partial class Volume
{
    /// <summary>The conflicts of names that no row of either directory tells of, each with the primary directory.</summary>
    private IEnumerable<(InodeId Directory, FileName Name)> NamesAcrossUnions()
    {
        var waiting = new Queue<(InodeId Directory, FileName Name)>(Unions());
        var seen = new HashSet<InodeId>();
        while (waiting.TryDequeue(out (InodeId Directory, FileName Name) at))
        {
            IReadOnlyList<InodeId> united;
            lock (_gate)
            {
                var transaction = new Transaction(_store);
                ShownName shown = transaction.Resolve(at.Directory, at.Name);
                if (shown.Directories.Length < 2) continue;
                united = transaction.UnitedWith(shown.Primary.Inode);
            }

            if (united.Count < 2 || !seen.Add(united[0])) continue;
            foreach (FileName name in NamesAcross(united))
            {
                ShownName shown;
                bool hasRow;
                lock (_gate)
                {
                    var transaction = new Transaction(_store);
                    shown = transaction.Resolve(united[0], name);
                    hasRow = united.Any(member => transaction.ReadClaims(member, name) is { Length: > 1 } claims && claims.Any(static claim => !claim.IsDirectory));
                }

                if (shown.Hidden.Any() && !hasRow) yield return (united[0], name);
                if (shown.Directories.Length > 1) waiting.Enqueue((united[0], name));
            }
        }
    }

    /// <summary>Names that more than one of these directories has.</summary>
    private HashSet<FileName> NamesAcross(IReadOnlyList<InodeId> united)
    {
        var names = new HashSet<FileName>();
        if (united.Count < 2) return names;
        var known = new HashSet<FileName>();
        foreach (FileName name in united.SelectMany(member => _store.Tables.ScanDirectory(member, []).Select(static row => row.Key)))
        {
            if (!known.Add(name)) names.Add(name);
        }

        return names;
    }

    private List<(InodeId Directory, FileName Name)> Unions()
    {
        var unions = new List<(InodeId, FileName)>();
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Conflict).Add([Union]).Bytes.ToArray();
        using IMetadataCursor cursor = _options.Metadata.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            var key = new MetadataKeyReader(cursor.Key[prefix.Length..]);
            InodeId parent = key.ReadInode();
            unions.Add((parent, FileName.Parse(key.Rest)));
        }

        return unions;
    }
}
