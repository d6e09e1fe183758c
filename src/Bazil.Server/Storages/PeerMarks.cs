using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Storages;

/// <summary>
/// Shows whether this node's rows are older than what it put at a peer: with each collection it puts an object of another random name there, remembers that before, and takes the last one back. One that is there and that these rows
/// do not know was put by a newer state of this data directory (docs/gc.md, "A data directory that was restored").
/// The row is <c>format (1) = 2 | last (32) | next (32) | is old (1) | number (1) of marks before, the newest first (32 each)</c>, zeros for none; an older version wrote format 1, without the marks before. One caller at a time.
/// </summary>
internal sealed class PeerMarks(IMetadataStore metadata, ReadOnlyMemory<byte> storeId, PeerId self)
{
    private const byte Format = 2;
    private const byte FormatWithoutBefore = 1;
    private const int BeforeMax = 64; // those that could not be taken back, for the connection was gone
    private const int PrefixBytes = 16;

    private readonly byte[] _key = [(byte)Table.RemoteLease, .. storeId.Span];
    private readonly byte[] _prefix = PrefixOf(self);

    /// <summary>Nothing is released there before somebody says that it may be.</summary>
    public bool AreRowsOld => Read()?.IsOld == true;

    public bool IsMark(in ObjectId id) => id.Span.StartsWith(_prefix);

    /// <summary>Looks at all marks that the peer lists.</summary>
    public void Look(IReadOnlyCollection<ObjectId> found)
    {
        Row row = Read() ?? Row.None;
        if (!row.IsOld && found.Any(mark => mark != row.Last && mark != row.Next && !row.Before.Contains(mark))) Put(row with { IsOld = true });
    }

    /// <summary>Somebody says that what is there may be released although it may be newer than these rows.</summary>
    /// <param name="found">All that are there: these rows know them from now on.</param>
    public void Claim(IEnumerable<ObjectId> found)
    {
        if (Read() is { IsOld: true } row) Put(row.After(found) with { IsOld = false });
    }

    /// <summary>Puts another mark. Not while the rows are old: what shows that stays.</summary>
    /// <param name="found">All that are there.</param>
    public async Task RenewAsync(IReadOnlyList<ObjectId> found, IEntropy entropy, Func<ObjectId, Task> put, Func<IReadOnlyList<ObjectId>, Task> discard)
    {
        Row row = (Read() ?? Row.None).After(found);
        if (found.Contains(row.Next)) row = row with { Last = row.Next, Next = default };
        if (row.Next.IsZero) row = row with { Next = NewMark(entropy) }; // otherwise it may still be on its way
        Put(row);
        metadata.Sync(); // before the peer knows it
        await put(row.Next);
        Put(row with { Last = row.Next, Next = default });
        metadata.Sync();
        if (found.Count > 0) await discard(found);
    }

    private ObjectId NewMark(IEntropy entropy)
    {
        byte[] mark = new byte[ObjectId.Size];
        entropy.Fill(mark);
        _prefix.CopyTo(mark, 0);
        return new ObjectId(mark);
    }

    private Row? Read()
    {
        if (metadata.Get(_key) is not { } bytes) return null;
        var reader = new WireReader(bytes, "row of a mark at a peer");
        byte format = reader.ReadByte();
        if (format is not (Format or FormatWithoutBefore)) throw reader.Malformed($"format {format} is not known to this version");
        var row = new Row(new ObjectId(reader.ReadFixed(ObjectId.Size)), new ObjectId(reader.ReadFixed(ObjectId.Size)), reader.ReadByte() != 0, []);
        for (int left = format == Format ? reader.ReadByte() : 0; left > 0; left--) row = row with { Before = row.Before.Add(new ObjectId(reader.ReadFixed(ObjectId.Size))) };
        reader.ExpectEnd();
        return row;
    }

    private void Put(in Row row)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteFixed(row.Last.Span);
        writer.WriteFixed(row.Next.Span);
        writer.WriteByte(row.IsOld ? (byte)1 : (byte)0);
        writer.WriteByte((byte)row.Before.Length);
        foreach (ObjectId mark in row.Before) writer.WriteFixed(mark.Span);
        var batch = new MetadataBatch();
        batch.Put(_key, writer.Span);
        metadata.Commit(batch);
    }

    private static byte[] PrefixOf(in PeerId self)
    {
        byte[] prefix = new byte[PrefixBytes];
        Blake2b.Hash(self.Span, prefix, personal: "bazil-peer-mark\0"u8);
        return prefix;
    }

    /// <param name="Last">The mark that is known to be there.</param>
    /// <param name="Next">The one that may be there, because this node died while it put it.</param>
    /// <param name="Before">Those that were there before these.</param>
    private readonly record struct Row(ObjectId Last, ObjectId Next, bool IsOld, ImmutableArray<ObjectId> Before)
    {
        public static Row None => new(default, default, false, []);

        public Row After(IEnumerable<ObjectId> found) => this with { Before = [.. found.Append(Last).Concat(Before).Where(static mark => !mark.IsZero).Distinct().Take(BeforeMax)] };
    }
}
