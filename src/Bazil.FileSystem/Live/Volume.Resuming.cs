using Bazil.Core;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Live;

// How far interrupted pulls have come, so that the next one goes on there.
public sealed partial class Volume
{
    /// <summary>How far pulls from a member have come since the last one that was completed; null for not at all.</summary>
    internal ResumePoint? FindResumePoint(PeerId peer)
    {
        lock (_gate)
        {
            if (_store.Tables.ReadState(ResumePoint.RowName(peer)) is not { } row) return null;
            var reader = new WireReader(row, "row of an interrupted pull");
            ResumePoint point = ResumePoint.Read(ref reader);
            reader.ExpectEnd();
            return point;
        }
    }

    /// <summary>Part of the batch that brings the nodes: the note is there if and only if they are. Under the gate.</summary>
    private void NoteResumePoint(Transaction transaction, PeerId peer, ResumePoint? point)
    {
        byte[] key = StateKey(ResumePoint.RowName(peer));
        if (point is null)
        {
            if (_options.Metadata.Get(key) is not null) transaction.Batch.Delete(key);
            return;
        }

        var writer = new WireWriter();
        point.Write(writer);
        transaction.Batch.Put(key, writer.Span);
    }
}
