using System.Buffers;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>A pack in memory, being filled or on its way. Not safe for concurrent use.</summary>
internal sealed class PackBuilder(PackId id)
{
    private readonly List<PackEntry> _entries = [];
    private readonly Dictionary<ObjectId, (int Index, PackTrust Trust)> _positions = []; // the newest entry of each object
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private bool _isFinished;

    public PackId Id { get; } = id;

    public IReadOnlyList<PackEntry> Entries => _entries;

    public int SizeBytes => _bytes.WrittenCount;

    /// <summary>True when nothing in it is wanted any more.</summary>
    public bool IsEmpty => _positions.Count == 0;

    /// <summary>Whether an object of this size and its entry still fit.</summary>
    public bool HasRoomFor(int sizeBytes) =>
        _entries.Count == 0 || (_entries.Count < Limits.PackObjects && _bytes.WrittenCount + sizeBytes + PackFormat.TailBytes(_entries.Count + 1) <= Limits.PackSizeBytes);

    public void Add(in ObjectId id, ReadOnlySpan<byte> bytes, ObjectChecksum checksum, PackTrust trust = PackTrust.Verified)
    {
        _positions[id] = (_entries.Count, trust);
        _entries.Add(new PackEntry(id, _bytes.WrittenCount, bytes.Length, checksum));
        _bytes.Write(bytes);
    }

    public bool TryFind(in ObjectId id, out PackEntry entry) => TryFind(id, out entry, out _);

    public bool TryFind(in ObjectId id, out PackEntry entry, out PackTrust trust)
    {
        bool isThere = _positions.TryGetValue(id, out (int Index, PackTrust Trust) position);
        (entry, trust) = isThere ? (_entries[position.Index], position.Trust) : default;
        return isThere;
    }

    /// <summary>The bytes of one of its entries.</summary>
    public ReadOnlyMemory<byte> BytesOf(in PackEntry entry) => _bytes.WrittenMemory.Slice(entry.Offset, entry.Length);

    /// <summary>Forgets an object. Its bytes stay; nothing refers to them.</summary>
    public bool Remove(in ObjectId id) => _positions.Remove(id);

    /// <summary>The entries that are wanted: of each object the newest, unless it was removed.</summary>
    public IEnumerable<(PackEntry Entry, PackTrust Trust)> Wanted() => _positions.Values.Select(position => (_entries[position.Index], position.Trust));

    /// <summary>The pack as it is written. Nothing is added after this.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        if (!_isFinished) WriteTail();
        return _bytes.WrittenMemory;
    }

    private void WriteTail()
    {
        byte[] tail = new byte[PackFormat.TailBytes(_entries.Count)];
        PackFormat.WriteTail(_entries, tail);
        _bytes.Write(tail);
        _isFinished = true;
    }
}
