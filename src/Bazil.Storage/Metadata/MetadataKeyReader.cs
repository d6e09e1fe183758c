using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Storage.Metadata;

/// <summary>
/// Takes a key apart, in the order in which <see cref="MetadataKey"/> put it together. A key that is too short did not
/// come from there: the database is damaged or newer than this program.
/// </summary>
/// <param name="key">Lent; slices of it are returned.</param>
public ref struct MetadataKeyReader(ReadOnlySpan<byte> key)
{
    private ReadOnlySpan<byte> _rest = key;

    /// <summary>What has not been read yet: the last part, of varying length.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public Table ReadTable() => (Table)Take(1)[0];

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(sizeof(ulong)));

    public InodeId ReadInode() => new(ReadUInt64());

    public VolumeId ReadVolume() => VolumeId.Read(Take(VolumeId.Size));

    public ReplicaId ReadReplica() => ReplicaId.Read(Take(ReplicaId.Size));

    public Version ReadVersion() => Version.Read(Take(Version.Size));

    public NodeId ReadNode() => NodeId.Read(Take(NodeId.Size));

    public PeerId ReadPeer() => new(Take(PeerId.Size));

    private ReadOnlySpan<byte> Take(int size)
    {
        if (size > _rest.Length) throw new MetadataException($"a metadata key ends {size - _rest.Length} bytes early: the database is damaged");
        ReadOnlySpan<byte> taken = _rest[..size];
        _rest = _rest[size..];
        return taken;
    }
}
