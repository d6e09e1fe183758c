using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Trash;

/// <summary>
/// One thing that a peer deleted or overwrote, as a row of <see cref="Storage.Metadata.Table.Trash"/>:
/// <code>
/// format (1) = 1 | time (12) | peer (32) | kind (1) | node id (24) | kind of node (1) | path: bytes, names joined with '/'
///   | flag, content | flag, attributes
/// </code>
/// Immutable.
/// </summary>
/// <param name="Id">Its number on this machine; a later one is larger.</param>
/// <param name="Time">When it became visible here.</param>
/// <param name="Peer">The member from whom it came.</param>
/// <param name="Kind">What was done to it.</param>
/// <param name="Node">The node it was.</param>
/// <param name="NodeKind">What it was.</param>
/// <param name="Path">From the root of the volume, without a slash in front; bytes, for names may be no text.</param>
/// <param name="Content">What it had; null for a directory.</param>
/// <param name="Attributes">Its attributes; null when it had none.</param>
public sealed record TrashEntry(
    ulong Id, UnixTime Time, PeerId Peer, TrashKind Kind, NodeId Node, NodeKind NodeKind, ReadOnlyMemory<byte> Path, ContentValue? Content, AttributeValue? Attributes)
{
    private const byte Format = 1;

    /// <summary>Of a path, of which the end counts: far more than a program can name.</summary>
    private const int PathBytesMax = 16384;

    public ulong SizeBytes => Content?.SizeBytes ?? 0;

    /// <summary>The names of the path.</summary>
    /// <exception cref="WireFormatException">A part is no name.</exception>
    public FileName[] Names()
    {
        var names = new List<FileName>();
        ReadOnlySpan<byte> rest = Path.Span;
        while (!rest.IsEmpty)
        {
            int slash = rest.IndexOf((byte)'/');
            names.Add(FileName.Parse(slash < 0 ? rest : rest[..slash]));
            rest = slash < 0 ? [] : rest[(slash + 1)..];
        }

        return [.. names];
    }

    /// <summary>The path for messages, with replacement characters where it is no UTF-8.</summary>
    public string PathText => Encoding.UTF8.GetString(Path.Span);

    internal byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        ValueCodec.WriteTime(writer, Time);
        writer.WriteFixed(Peer.Span);
        writer.WriteByte((byte)Kind);
        writer.WriteNodeId(Node);
        writer.WriteByte((byte)NodeKind);
        writer.WriteBytes(Path.Length <= PathBytesMax ? Path.Span : Path.Span[^PathBytesMax..]);
        writer.WriteByte(Content is null ? (byte)0 : (byte)1);
        if (Content is not null) ValueCodec.WriteContent(writer, Content);
        writer.WriteByte(Attributes is null ? (byte)0 : (byte)1);
        if (Attributes is not null) ValueCodec.WriteAttributes(writer, Attributes);
        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">The row is damaged or of a newer version.</exception>
    internal static TrashEntry Decode(ulong id, ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, $"trash entry {id}");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        UnixTime time = ValueCodec.ReadTime(ref reader);
        PeerId peer = reader.ReadPeerId();
        var kind = (TrashKind)reader.ReadByte();
        if (!Enum.IsDefined(kind)) throw reader.Malformed($"unknown kind {(byte)kind}");
        NodeId node = reader.ReadNodeId();
        var nodeKind = (NodeKind)reader.ReadByte();
        if (!Enum.IsDefined(nodeKind)) throw reader.Malformed($"unknown kind of node {(byte)nodeKind}");
        byte[] path = reader.ReadBytes(PathBytesMax).ToArray();
        ContentValue? content = reader.ReadByte() == 0 ? null : ValueCodec.ReadContent(ref reader);
        AttributeValue? attributes = reader.ReadByte() == 0 ? null : ValueCodec.ReadAttributes(ref reader);
        reader.ExpectEnd();
        return new TrashEntry(id, time, peer, kind, node, nodeKind, path, content, attributes);
    }
}
