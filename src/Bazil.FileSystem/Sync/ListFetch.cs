using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Asks for lists of snapshots that the statements in a header name and that are not here. A statement whose list does not come waits for the next pull.
/// </summary>
/// <param name="volume">What pulls.</param>
/// <param name="link">Whom it pulls from.</param>
/// <param name="bytesMax">What lists take at most, encoded; further ones wait for the next pull, too.</param>
internal sealed class ListFetch(Volume volume, IVolumeLink link, long bytesMax = ListFetch.BytesMax)
{
    /// <summary>As much as the largest frame: all are held until the pull is completed. Hundreds of members with 4096 snapshots each take less.</summary>
    public const long BytesMax = 256 << 20;

    private readonly Dictionary<string, MemberSnapshots> _lists = []; // by their digests
    private long _bytes;
    private bool _isFull;

    /// <summary>The same header, with the lists that are here or came.</summary>
    public async Task<PullHeader> RunAsync(PullHeader header, CancellationToken cancel)
    {
        if (header.Statements is null) return header;
        List<MemberStatement> statements = volume.WithLists(header.Statements);
        foreach (byte[][] some in volume.MissingLists(statements).DistinctBy(Convert.ToHexStringLower).Chunk(PullRequest.ListsMax))
        {
            if (!_isFull) await AskAsync(some, cancel);
        }

        return header with { Statements = statements.ConvertAll(WithList) };
    }

    private MemberStatement WithList(MemberStatement statement) =>
        statement.Snapshots is null && _lists.TryGetValue(Convert.ToHexStringLower(statement.ListDigest), out MemberSnapshots? list)
            ? statement with { Snapshots = list }
            : statement;

    private async Task AskAsync(byte[][] digests, CancellationToken cancel)
    {
        HashSet<string> wanted = [.. digests.Select(Convert.ToHexStringLower)];
        ulong received = 0;
        bool isEnded = false;
        var pieces = new FramePieces();
        await foreach (ReadOnlyMemory<byte> piece in link.RequestAsync(PullRequest.ForLists(digests).Encode(), cancel))
        {
            if (!pieces.Add(piece.Span, out ReadOnlyMemory<byte> frame)) continue;
            if (isEnded) throw new WireFormatException("frames follow the end");
            if (ItemFrame.DecodeList(frame.Span, out ulong count) is not { } list)
            {
                isEnded = count == received ? true : throw new WireFormatException($"{received} items came, {count} were sent");
                continue;
            }

            received++;
            string digest = Convert.ToHexStringLower(list.Digest);
            if (!wanted.Remove(digest)) throw new WireFormatException($"list {digest} of snapshots was not asked for");
            _isFull = list.Encoded.Length > bytesMax - _bytes;
            if (_isFull) return;
            _bytes += list.Encoded.Length;
            _lists.Add(digest, list);
        }

        if (!isEnded) throw new SyncException($"the answer of peer {link.Peer} for volume {volume.Name} was cut off");
    }
}
