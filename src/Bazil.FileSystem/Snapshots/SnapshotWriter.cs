using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Writes snapshots. Memory is bounded by the depth of the tree, not by the number of files: directories stream depth
/// first. Safe for concurrent use.
/// </summary>
/// <param name="chunks">Where the snapshot goes, and where the content that its source names is already.</param>
public sealed class SnapshotWriter(IChunkStore chunks)
{
    /// <summary>
    /// Writes a snapshot and returns when it is durable, together with all content that was put before. The same tree at the
    /// same time gives the same key on every machine; what the store has already is not written again. When it is cancelled
    /// or fails, what was written is unreferenced.
    /// </summary>
    /// <exception cref="Storage.Stores.StoreException">The store failed.</exception>
    /// <exception cref="InvariantException">The source broke its contract, for example the order of names.</exception>
    public async ValueTask<SnapshotKey> WriteAsync(ISnapshotSource source, CancellationToken cancel)
    {
        DirectoryManifest directory = source.FindUnchanged(source.Root) ?? await WriteTreeAsync(source, cancel);
        var root = new SnapshotRoot(source.Volume, source.Taken, source.RootModifyTime, source.RootAttributes, directory);
        var writer = new WireWriter();
        SnapshotRootCodec.Write(writer, root);
        Invariant.Check(writer.Length <= SnapshotLimits.RootBytesMax);
        ChunkKey key = await chunks.PutAsync(ChunkType.Snapshot, 0, writer.Memory, cancel);
        await chunks.SyncAsync(cancel);
        return new SnapshotKey(key);
    }

    private async ValueTask<DirectoryManifest> WriteTreeAsync(ISnapshotSource source, CancellationToken cancel)
    {
        // A stack of our own: a tree may be deeper than the stack of a thread.
        var open = new Stack<OpenDirectory>();
        var builders = new Stack<DirectoryBuilder>();
        try
        {
            open.Push(Open(source, default, source.Root, builders));
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                OpenDirectory current = open.Peek();
                if (current.Entries.MoveNext())
                {
                    SnapshotSourceEntry entry = current.Entries.Current;
                    bool isDirectory = entry.Kind == Nodes.NodeKind.Directory;
                    DirectoryManifest? manifest = isDirectory ? source.FindUnchanged(entry.Directory) : null;
                    if (isDirectory && manifest is null) open.Push(Open(source, entry, entry.Directory, builders));
                    else await current.Builder.AddAsync(Freeze(entry, manifest), cancel);
                    continue;
                }

                DirectoryManifest written = await current.Builder.CompleteAsync(source.KeyEpoch, cancel);
                open.Pop().Entries.Dispose();
                builders.Push(current.Builder);
                source.OnWritten(current.Handle, written);
                if (open.Count == 0) return written;
                await open.Peek().Builder.AddAsync(Freeze(current.Entry, written), cancel);
            }
        }
        finally
        {
            foreach (OpenDirectory left in open)
            {
                left.Entries.Dispose();
            }
        }
    }

    private OpenDirectory Open(ISnapshotSource source, SnapshotSourceEntry entry, InodeId handle, Stack<DirectoryBuilder> builders)
    {
        IEnumerator<SnapshotSourceEntry> entries = source.List(handle).GetEnumerator();
        return new OpenDirectory(entry, handle, entries, builders.TryPop(out DirectoryBuilder? used) ? used : new DirectoryBuilder(chunks));
    }

    private static SnapshotEntry Freeze(SnapshotSourceEntry entry, DirectoryManifest? directory) => new()
    {
        Name = entry.Name,
        Node = entry.Node,
        Kind = entry.Kind,
        ModifyTime = entry.ModifyTime,
        Attributes = entry.Attributes,
        Content = entry.Content,
        Directory = directory,
    };

    /// <summary>A directory whose entries are on their way.</summary>
    /// <param name="Entry">Its own entry, which is added to its parent when it is written.</param>
    /// <param name="Handle">Its handle at the source.</param>
    /// <param name="Entries">What is left of its listing.</param>
    /// <param name="Builder">Where its entries go.</param>
    private readonly record struct OpenDirectory(
        SnapshotSourceEntry Entry,
        InodeId Handle,
        IEnumerator<SnapshotSourceEntry> Entries,
        DirectoryBuilder Builder);
}
