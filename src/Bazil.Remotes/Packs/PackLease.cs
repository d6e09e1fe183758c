using System.Buffers.Binary;
using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Remotes.Packs;

/// <summary>
/// What a node that uses a folder says to the others that do (docs/gc.md, "Stores that nodes share"): that it relies on what is there, which packs it is about to remove, and of which of theirs it needs
/// nothing any more. The file <c>leases/KEY</c>, KEY its public key, 64 hex digits. Integers are big-endian:
/// <code>
/// "bazil lease 1\n" (14)  store id (16)  node (32)  sequence (8)
/// round (16)  number of packs (4)   for each: pack id (16)
///             number of answers (4) for each: node (32)  round (16)
/// Ed25519 signature of all before by the node (64)
/// </code>
/// </summary>
/// <param name="Node">Who says it.</param>
/// <param name="Sequence">Grows with each version.</param>
/// <param name="Round">Names what it announces; random. Empty when it announces nothing.</param>
/// <param name="Doomed">The packs that it removes when all others have answered.</param>
/// <param name="Answers">Of each other node the round of which this one needs nothing, and never will again.</param>
internal sealed record PackLease(PeerId Node, ulong Sequence, Guid Round, ImmutableArray<PackId> Doomed, ImmutableSortedDictionary<PeerId, Guid> Answers)
{
    public const string Directory = "leases";

    private const int GuidBytes = 16;

    public string FileName => FileNameOf(Node);

    private static ReadOnlySpan<byte> Magic => "bazil lease 1\n"u8;

    private static ReadOnlySpan<byte> MagicOfAny => "bazil lease "u8;

    private static ReadOnlySpan<byte> GivenUp => "bazil lease given up\n"u8;

    /// <summary>The first lease of a node.</summary>
    public static PackLease First(in PeerId node) => new(node, 1, Guid.Empty, [], ImmutableSortedDictionary<PeerId, Guid>.Empty);

    public static string FileNameOf(in PeerId node) => $"{Directory}/{node}";

    /// <summary>
    /// What takes the place of a lease that is given up: <c>"bazil lease given up\n" (21)  store id (16)  node (32)</c>. Not signed: who may write to the folder may remove what is there, too.
    /// A lease that is not there at all may have been left out by a listing.
    /// </summary>
    public static byte[] EncodeGivenUp(ReadOnlySpan<byte> storeId, in PeerId node) => [.. GivenUp, .. storeId, .. node.Span];

    public static bool IsGivenUp(ReadOnlySpan<byte> file, ReadOnlySpan<byte> storeId, in PeerId node) => file.SequenceEqual(EncodeGivenUp(storeId, node));

    /// <summary>The sequence of a lease that this node wrote; 0 for none.</summary>
    public static ulong SequenceOf(ReadOnlySpan<byte> file)
    {
        int at = Magic.Length + PackStoreMark.IdBytes + PeerId.Size;
        return file.Length < at + sizeof(ulong) ? 0 : BinaryPrimitives.ReadUInt64BigEndian(file[at..]);
    }

    /// <summary>The node of a file name; false for what <see cref="FileNameOf"/> never makes.</summary>
    public static bool TryParseFileName(string name, out PeerId node)
    {
        node = default;
        return name.StartsWith(Directory + "/", StringComparison.Ordinal) && PeerId.TryParse(name.AsSpan(Directory.Length + 1), out node) && FileNameOf(node) == name;
    }

    /// <exception cref="WireFormatException">It is damaged, of a newer version, of another store or node, or not signed by that node.</exception>
    public static PackLease Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> storeId, in PeerId node)
    {
        var reader = new WireReader(bytes, $"lease of node {node}");
        if (!bytes.StartsWith(Magic)) throw reader.Malformed(bytes.StartsWith(MagicOfAny) ? "it is of a version that this one does not know" : "it is no lease");
        reader.ReadFixed(Magic.Length);
        if (!reader.ReadFixed(storeId.Length).SequenceEqual(storeId)) throw reader.Malformed("it is of another store");
        if (reader.ReadPeerId() != node) throw reader.Malformed("it is of another node");
        ulong sequence = reader.ReadUInt64();
        Guid round = ReadGuid(ref reader);
        var doomed = ImmutableArray.CreateBuilder<PackId>();
        for (int left = ReadCount(ref reader, Limits.DoomedPacks, PackId.Size); left > 0; left--) doomed.Add(PackId.Read(reader.ReadFixed(PackId.Size)));
        var answers = ImmutableSortedDictionary.CreateBuilder<PeerId, Guid>();
        for (int left = ReadCount(ref reader, Limits.LeasesMax, PeerId.Size + GuidBytes); left > 0; left--) answers[reader.ReadPeerId()] = ReadGuid(ref reader);
        int signed = bytes.Length - reader.Remaining;
        ReadOnlySpan<byte> signature = reader.ReadFixed(Ed25519.SignatureSize);
        reader.ExpectEnd();
        if (!Ed25519.Verify(node, bytes[..signed], signature)) throw reader.Malformed("its signature is not that node's");
        return new PackLease(node, sequence, round, doomed.ToImmutable(), answers.ToImmutable());
    }

    public byte[] Encode(ReadOnlySpan<byte> storeId, SigningKey key)
    {
        Invariant.Check(key.PeerId == Node && Doomed.Length <= Limits.DoomedPacks && Answers.Count <= Limits.LeasesMax);
        var writer = new WireWriter();
        writer.WriteFixed(Magic);
        writer.WriteFixed(storeId);
        writer.WriteFixed(Node.Span);
        writer.WriteUInt64(Sequence);
        writer.WriteFixed(Round.ToByteArray(bigEndian: true));
        writer.WriteUInt32((uint)Doomed.Length);
        Span<byte> pack = stackalloc byte[PackId.Size];
        foreach (PackId id in Doomed)
        {
            id.Write(pack);
            writer.WriteFixed(pack);
        }

        writer.WriteUInt32((uint)Answers.Count);
        foreach ((PeerId node, Guid round) in Answers)
        {
            writer.WriteFixed(node.Span);
            writer.WriteFixed(round.ToByteArray(bigEndian: true));
        }

        byte[] signature = new byte[Ed25519.SignatureSize];
        key.Sign(writer.Span, signature);
        writer.WriteFixed(signature);
        return writer.ToArray();
    }

    /// <summary>Whether it needs nothing of what another node is about to remove.</summary>
    public bool HasAnswered(PackLease collector) => Answers.TryGetValue(collector.Node, out Guid round) && round == collector.Round;

    private static Guid ReadGuid(ref WireReader reader) => new(reader.ReadFixed(GuidBytes), bigEndian: true);

    private static int ReadCount(ref WireReader reader, int countMax, int itemBytes)
    {
        uint count = reader.ReadUInt32();
        if (count > countMax || count * (ulong)itemBytes > (ulong)reader.Remaining) throw reader.Malformed($"a count of {count} is too large");
        return (int)count;
    }
}
