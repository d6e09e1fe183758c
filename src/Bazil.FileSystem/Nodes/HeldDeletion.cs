using Bazil.Core;
using Bazil.Unix;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// What a node showed before a deletion that came from a peer and is not shown yet: it waits for the end of the pull, for a writer, or for a
/// person's consent. Local, never replicated; the replicated facets have the deletion already. Immutable.
/// </summary>
/// <param name="Places">The places it had, ordered by link id; never empty.</param>
/// <param name="Content">The content it showed; null for a directory.</param>
/// <param name="Attributes">The attributes it showed; null when it had none.</param>
/// <param name="Peer">From whom the deletion came.</param>
/// <param name="Time">When it came.</param>
public sealed record HeldDeletion(IReadOnlyList<PlacedLink> Places, FacetPair<ContentValue>? Content, AttributeValue? Attributes, PeerId Peer, UnixTime Time)
{
    internal void Write(WireWriter writer)
    {
        writer.WriteVariable((ulong)Places.Count);
        foreach (PlacedLink place in Places)
        {
            writer.WriteVersion(place.LinkId);
            writer.WriteVersion(place.Version);
            ValueCodec.WritePlace(writer, place.Place);
        }

        writer.WriteByte(Content is null ? (byte)0 : (byte)1);
        if (Content is { } content)
        {
            writer.WriteVersion(content.Version);
            ValueCodec.WriteContent(writer, content.Value);
        }

        writer.WriteByte(Attributes is null ? (byte)0 : (byte)1);
        if (Attributes is not null) ValueCodec.WriteAttributes(writer, Attributes);
        writer.WriteFixed(Peer.Span);
        ValueCodec.WriteTime(writer, Time);
    }

    internal static HeldDeletion Read(ref WireReader reader)
    {
        var places = new PlacedLink[reader.ReadCount(Limits.LinksMax * 2, Version.Size)];
        for (int index = 0; index < places.Length; index++) places[index] = new PlacedLink(reader.ReadVersion(), reader.ReadVersion(), ValueCodec.ReadPlace(ref reader));
        if (places.Length == 0) throw reader.Malformed("a deletion is held without a place");
        FacetPair<ContentValue>? content = reader.ReadByte() == 0 ? null : new FacetPair<ContentValue>(reader.ReadVersion(), ValueCodec.ReadContent(ref reader));
        AttributeValue? attributes = reader.ReadByte() == 0 ? null : ValueCodec.ReadAttributes(ref reader);
        PeerId peer = reader.ReadPeerId();
        return new HeldDeletion(places, content, attributes, peer, ValueCodec.ReadTime(ref reader));
    }
}
