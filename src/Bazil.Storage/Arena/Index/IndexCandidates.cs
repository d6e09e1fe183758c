using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// The places where an object may lie, newest first, for <c>foreach</c>. Takes no lock and allocates nothing. Whoever reads a
/// record there compares its id, and goes on when it is another object's or dead.
/// </summary>
internal struct IndexCandidates(IndexSet set, ObjectId id)
{
    private readonly ObjectId _id = id;
    private IndexFile[] _files = set.Files;
    private IndexSeed _seed = set.Seed;
    private IndexHash _hash = set.Seed.Hash(id);
    private int _file;
    private int _copy;

    public SegmentLocation Current { get; private set; }

    public readonly IndexCandidates GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_file < _files.Length)
        {
            IndexFile file = _files[_file];
            if (file.Seed != _seed)
            {
                _seed = file.Seed;
                _hash = _seed.Hash(_id);
            }

            try
            {
                if (file.TryFind(_hash, _copy, out SegmentLocation location))
                {
                    _copy++;
                    Current = location;
                    return true;
                }

                _file++;
            }
            catch (ObjectDisposedException) when (set.Files != _files)
            {
                // It was merged away meanwhile: from the start with the files of now, even if a place comes twice.
                _files = set.Files;
                _file = 0;
            }

            _copy = 0;
        }

        return false;
    }
}
