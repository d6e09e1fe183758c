using Bazil.Fuse.Transport;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Session;

/// <summary>Keeps the answers instead of sending them; can play a kernel that has lost interest.</summary>
internal sealed class RecordingChannel : IReplyChannel
{
    internal List<(ulong Unique, Errno Error, byte[] Body)> Replies { get; } = [];

    internal Errno Outcome { get; set; } = Errno.OK;

    /// <summary>Counts only, so that a measured caller sees no allocation of ours.</summary>
    internal bool CountOnly { get; set; }

    internal int Count { get; private set; }

    public Errno Reply(ulong unique, Errno error, ReadOnlySpan<byte> body)
    {
        Count++;
        if (!CountOnly)
        {
            lock (Replies) Replies.Add((unique, error, body.ToArray()));
        }

        return Outcome;
    }
}
