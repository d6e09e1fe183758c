using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The volume-wide values: what this replica knows, who it is now, its counters. Guarded by the volume's gate. Changed
/// only inside a transaction, which writes the rows it made dirty in the same batch.
/// <para>Invariants: the head's replica id was made since the last start; knowledge covers every version this replica
/// ever made; no inode at or above <see cref="NextInode"/> is in use.</para>
/// </summary>
internal sealed class VolumeState
{
    private const int InodeReserve = 4096;
    private static ReadOnlySpan<byte> KnowledgeName => "knowledge"u8;
    private static ReadOnlySpan<byte> HeadName => "head"u8;
    private static ReadOnlySpan<byte> HorizonName => "horizon"u8;
    private static ReadOnlySpan<byte> InodesName => "inodes"u8;
    private static ReadOnlySpan<byte> UnionsName => "unions"u8;
    private static ReadOnlySpan<byte> LooseName => "loose"u8;
    private static ReadOnlySpan<byte> LastReferenceName => "lastref"u8;
    private static ReadOnlySpan<byte> ReferencePrefix => "ref"u8;

    private Dictionary<uint, Knowledge> _references = []; // replaced as a whole, so that a mark keeps what it saw
    private ulong _inodesReserved;
    private uint _lastReference;
    private bool _knowledgeDirty, _headDirty, _horizonDirty, _inodesDirty, _structureDirty;
    private readonly List<uint> _referencesDirty = [];

    /// <summary>Everything known, but for the changes of the present head, which are counted in <see cref="Knowledge"/>.</summary>
    private Knowledge _settled = Knowledge.Empty;
    private Knowledge? _joined;

    /// <summary>This replica's running head; its replica id is none until the first local change after a start.</summary>
    public OwnHead Head { get; private set; }

    public Knowledge Horizon { get; private set; } = Knowledge.Empty;

    /// <summary>The Lamport clock: the largest tick seen.</summary>
    public ulong Clock { get; private set; }

    public ulong NextInode { get; private set; } = InodeId.FirstAllocated;

    /// <summary>Dirent rows in which several directories unite.</summary>
    public int Unions { get; private set; }

    /// <summary>Directories that are shown under the root because their links form a cycle.</summary>
    public IReadOnlySet<InodeId> Loose { get; private set; } = new HashSet<InodeId>();

    /// <summary>The number of the newest sharing-key epoch; 0 when the volume was never rotated.</summary>
    public uint NewestKeyEpoch { get; set; }

    public Knowledge Knowledge => _joined ??= Head.IsNone ? _settled : _settled.With(Head.Version);

    /// <summary>The knowledge that the rows of a frozen view hold.</summary>
    public static Knowledge ReadKnowledge(VolumeTables tables)
    {
        Knowledge settled = tables.ReadState(KnowledgeName) is { } row ? KnowledgeCodec.Decode(row) : Knowledge.Empty;
        return tables.ReadState(HeadName) is { } head ? settled.With(OwnHead.Decode(head).Version) : settled;
    }

    /// <summary>The purge horizon that the rows of a frozen view hold.</summary>
    public static Knowledge ReadHorizon(VolumeTables tables) =>
        tables.ReadState(HorizonName) is { } row ? KnowledgeCodec.Decode(row) : Knowledge.Empty;

    /// <summary>The head row that the last start left, or none.</summary>
    public static OwnHead ReadHead(VolumeTables tables) =>
        tables.ReadState(HeadName) is { } row ? OwnHead.Decode(row) : default;

    /// <summary>The references that the rows of a frozen view hold.</summary>
    public static Dictionary<uint, Knowledge> ReadReferences(VolumeTables tables)
    {
        var state = new VolumeState();
        state.LoadRows(tables);
        return state._references;
    }

    public static VolumeState Load(VolumeTables tables)
    {
        var state = new VolumeState();
        state.LoadRows(tables);

        state.NewestKeyEpoch = Transaction.NewestEpoch(tables.ReadRecord(Transaction.EpochsInode, static _ => Knowledge.Empty));

        // A new start writes under a new replica id: what the old head made is settled.
        if (tables.ReadState(HeadName) is { } head) state._settled = state._settled.With(OwnHead.Decode(head).Version);
        state.Clock = Math.Max(state._settled.LargestTick, state.Clock);
        foreach (Knowledge reference in state._references.Values) state.Clock = Math.Max(state.Clock, reference.LargestTick);
        return state;
    }

    /// <summary>The values as they are, to return to.</summary>
    public VolumeStateMark Mark() => new(_settled, Head, Horizon, Clock, Unions, Loose, _references);

    /// <summary>Takes back what a refused transaction changed. Rows marked dirty meanwhile are written once more as they were.</summary>
    public void Return(VolumeStateMark mark)
    {
        (_settled, Head, Horizon, Clock, Unions, Loose) = (mark.Settled, mark.Head, mark.Horizon, mark.Clock, mark.Unions, mark.Loose);
        _references = new Dictionary<uint, Knowledge>(mark.References);
        _joined = null;
    }

    /// <summary>Gives the version of a new local change.</summary>
    public Version NextVersion(PeerId self, IEntropy entropy)
    {
        if (Head.IsNone)
        {
            Head = OwnHead.Start(self, entropy);
            _knowledgeDirty = true;
        }

        Clock++;
        Head = Head with { Tick = Clock };
        _joined = null;
        _headDirty = true;
        return Head.Version;
    }

    /// <summary>Replaces the running hash after a change was written.</summary>
    public void Chain(byte[] hash) => Head = Head with { Hash = hash };

    /// <summary>Ends the present replica id: the next change takes a new one.</summary>
    public void EndHead()
    {
        if (Head.IsNone) return;
        _settled = _settled.With(Head.Version);
        Head = default;
        _joined = null;
        _knowledgeDirty = _headDirty = true;
    }

    public void Learn(Knowledge knowledge)
    {
        _settled = _settled.Join(knowledge);
        _joined = null;
        _knowledgeDirty = true;
        SeeTick(knowledge.LargestTick);
    }

    public void SeeTick(ulong tick) => Clock = Math.Max(Clock, tick);

    public void RaiseHorizon(Knowledge knowledge)
    {
        Horizon = Horizon.Join(knowledge);
        _horizonDirty = true;
    }

    public InodeId AllocateInode()
    {
        if (NextInode >= _inodesReserved)
        {
            _inodesReserved = NextInode + InodeReserve;
            _inodesDirty = true;
        }

        return new InodeId(NextInode++);
    }

    /// <summary>No inode up to this one is given out again.</summary>
    public void RaiseInodes(InodeId used)
    {
        if (used.Value < NextInode) return;
        NextInode = used.Value + 1;
        _inodesReserved = NextInode + InodeReserve;
        _inodesDirty = true;
    }

    /// <summary>Deletes the values that follow from the records and are counted anew when those are placed.</summary>
    public static void ForgetStructure(IMetadataStore metadata, VolumeTables tables)
    {
        var batch = new MetadataBatch();
        ResumePoint.DeleteAll(batch, tables); // nodes that came may be lost
        batch.Delete(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(UnionsName).Bytes);
        batch.Delete(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(LooseName).Bytes);
        metadata.Commit(batch);
    }

    public void CountUnions(int change)
    {
        Unions += change;
        _structureDirty = true;
    }

    public void SetLoose(IReadOnlySet<InodeId> loose)
    {
        Loose = loose;
        _structureDirty = true;
    }

    /// <summary>The knowledge behind a reference in a row; a reference that was dropped is covered by the volume's knowledge.</summary>
    public Knowledge Reference(uint id) => id == 0 ? Knowledge.Empty : _references.GetValueOrDefault(id, Knowledge.Empty);

    /// <summary>The references of pulls that are not completed.</summary>
    public IEnumerable<Knowledge> OpenReferences() => _references.Values;

    /// <summary>The id under which a row stores this knowledge.</summary>
    public uint ReferenceId(Knowledge knowledge)
    {
        if (knowledge.IsCoveredBy(Knowledge)) return 0;
        foreach ((uint id, Knowledge known) in _references)
        {
            if (known.Equals(knowledge)) return id;
        }

        _references = new Dictionary<uint, Knowledge>(_references) { [++_lastReference] = knowledge };
        _referencesDirty.Add(_lastReference);
        return _lastReference;
    }

    /// <summary>Drops the references that the volume's knowledge covers now. Rows need no rewriting.</summary>
    public void DropCoveredReferences()
    {
        foreach (uint id in _references.Where(entry => entry.Value.IsCoveredBy(Knowledge)).Select(entry => entry.Key).ToList())
        {
            _references = _references.Where(entry => entry.Key != id).ToDictionary();
            _referencesDirty.Add(id);
        }
    }

    /// <summary>Takes replica ids that have ended out of all references, at once for all rows that have them.</summary>
    public void DropFromReferences(IReadOnlySet<ReplicaId> ended)
    {
        _references = _references.ToDictionary(reference => reference.Key, reference => Knowledge.Of(reference.Value.Where(entry => !ended.Contains(entry.Key))));
        _referencesDirty.AddRange(_references.Keys);

        DropCoveredReferences();
    }

    /// <summary>Adds the rows that changed since the last call to a batch.</summary>
    public void Write(MetadataBatch batch, VolumeTables tables)
    {
        if (_knowledgeDirty) Put(batch, tables, KnowledgeName, KnowledgeCodec.Encode(_settled));
        if (_headDirty) Put(batch, tables, HeadName, Head.Encode());
        if (_horizonDirty) Put(batch, tables, HorizonName, KnowledgeCodec.Encode(Horizon));
        if (_inodesDirty) Put(batch, tables, InodesName, EncodeNumber(_inodesReserved));
        if (_structureDirty)
        {
            Put(batch, tables, UnionsName, EncodeNumber((ulong)Unions));
            var writer = new WireWriter();
            foreach (InodeId inode in Loose.Order()) writer.WriteUInt64(inode.Value);
            Put(batch, tables, LooseName, writer.ToArray());
        }

        foreach (uint id in _referencesDirty) WriteReference(batch, tables, id);
        _referencesDirty.Clear();
        _knowledgeDirty = _headDirty = _horizonDirty = _inodesDirty = _structureDirty = false;
    }

    private void WriteReference(MetadataBatch batch, VolumeTables tables, uint id)
    {
        MetadataKey key = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(ReferencePrefix).Add(id);
        if (_references.TryGetValue(id, out Knowledge? knowledge)) batch.Put(key.Bytes, KnowledgeCodec.Encode(knowledge));
        else batch.Delete(key.Bytes);

        // Never given twice: rows may still hold the id of a dropped reference.
        Put(batch, tables, LastReferenceName, EncodeNumber(_lastReference));
    }

    private void LoadRows(VolumeTables tables)
    {
        if (tables.ReadState(KnowledgeName) is { } knowledge) _settled = KnowledgeCodec.Decode(knowledge);
        if (tables.ReadState(HorizonName) is { } horizon) Horizon = KnowledgeCodec.Decode(horizon);
        if (tables.ReadState(InodesName) is { } inodes) NextInode = _inodesReserved = DecodeNumber(inodes);
        if (tables.ReadState(UnionsName) is { } unions) Unions = (int)DecodeNumber(unions);
        if (tables.ReadState(LooseName) is { } loose)
        {
            var reader = new WireReader(loose, "list of loose directories");
            var set = new HashSet<InodeId>();
            while (!reader.IsAtEnd) set.Add(new InodeId(reader.ReadUInt64()));
            Loose = set;
        }

        if (tables.ReadState(LastReferenceName) is { } last) _lastReference = (uint)DecodeNumber(last);
        MetadataKey prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(ReferencePrefix);
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix.Bytes);
        while (cursor.MoveNext())
        {
            uint id = new MetadataKeyReader(cursor.Key[^sizeof(uint)..]).ReadUInt32();
            _references[id] = KnowledgeCodec.Decode(cursor.Value);
        }
    }

    private static void Put(MetadataBatch batch, VolumeTables tables, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(name).Bytes, value);

    private static byte[] EncodeNumber(ulong number)
    {
        var writer = new WireWriter();
        writer.WriteUInt64(number);
        return writer.ToArray();
    }

    private static ulong DecodeNumber(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "volume state");
        ulong number = reader.ReadUInt64();
        reader.ExpectEnd();
        return number;
    }
}
