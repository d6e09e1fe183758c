using Bazil.Core;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Where this replica's own log stands: the replica id it writes under since the last start, the tick of its newest
/// change, and the running BLAKE2b-256 over all changes made under that id. <c>default</c>: no change since the start.
/// </summary>
internal readonly record struct OwnHead(ReplicaId Replica, ulong Tick, byte[]? Hash)
{
    public const int HashBytes = 32;

    public bool IsNone => Replica.IsNone;

    public Version Version => new(Tick, Replica);

    public static OwnHead Start(ReplicaId replica) => new(replica, 0, new byte[HashBytes]);

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteVersion(Version);
        writer.WriteFixed(Hash ?? new byte[HashBytes]);
        return writer.ToArray();
    }

    public static OwnHead Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "head");
        Version version = reader.ReadVersion();
        byte[] hash = reader.ReadFixed(HashBytes).ToArray();
        reader.ExpectEnd();
        return new OwnHead(version.Replica, version.Tick, hash);
    }
}
