using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

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
    /// <exception cref="StoreException">The store failed.</exception>
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
                    bool isDirectory = entry.Kind == NodeKind.Directory;
                    DirectoryManifest? manifest = isDirectory ? source.FindUnchanged(entry.Directory) : null;
                    if (isDirectory && manifest is null) open.Push(Open(source, entry, entry.Directory, builders));
                    else if (!await AddAsync(current, Freeze(entry, manifest), cancel)) Reopen(source, open);
                    continue;
                }

                if (!await CarryUntilAsync(current, null, cancel))
                {
                    Reopen(source, open);
                    continue;
                }

                DirectoryManifest written = await current.Builder.CompleteAsync(source.KeyEpoch, cancel);
                open.Pop().Entries.Dispose();
                builders.Push(current.Builder);
                source.OnWritten(current.Handle, written);
                if (open.Count == 0) return written;
                if (!await AddAsync(open.Peek(), Freeze(current.Entry, written), cancel)) Reopen(source, open);
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
        DirectoryBuilder builder = builders.TryPop(out DirectoryBuilder? used) ? used : new DirectoryBuilder(chunks);
        if (source.FindChanges(handle) is not { Before.Totals.IsExact: true } changes)
        {
            return new OpenDirectory(entry, handle, source.List(handle).GetEnumerator(), builder, null);
        }

        var before = new DirectoryNodeReader(chunks, new DirectoryNodeCache(0), default);
        return new OpenDirectory(entry, handle, source.List(handle, changes.Names).GetEnumerator(), builder, new DirectoryUpdate(before, builder, changes));
    }

    /// <summary>Gives up what of a directory is written so far, and lists it whole.</summary>
    private static void Reopen(ISnapshotSource source, Stack<OpenDirectory> open)
    {
        OpenDirectory given = open.Pop();
        given.Entries.Dispose();
        given.Builder.Clear();
        source.OnAbandoned(given.Handle);
        open.Push(given with { Entries = source.List(given.Handle).GetEnumerator(), Update = null });
    }

    /// <summary>Adds an entry behind what is carried over up to it. Returns false when the earlier state of the directory cannot be read.</summary>
    private static async ValueTask<bool> AddAsync(OpenDirectory directory, SnapshotEntry entry, CancellationToken cancel)
    {
        if (!await CarryUntilAsync(directory, entry.Name, cancel)) return false;
        await directory.Builder.AddAsync(entry, cancel);
        return true;
    }

    private static async ValueTask<bool> CarryUntilAsync(OpenDirectory directory, FileName? bound, CancellationToken cancel)
    {
        if (directory.Update is null) return true;
        try
        {
            await directory.Update.CarryUntilAsync(bound, cancel);
            return true;
        }
        catch (Exception e) when (e is StoreException or WireFormatException)
        {
            // A snapshot that is damaged is reported by who reads or checks it. The next one does without it; what else is wrong with the store shows then.
            return false;
        }
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
    /// <param name="Update">Carries over what is not listed; null when all is.</param>
    private readonly record struct OpenDirectory(
        SnapshotSourceEntry Entry,
        InodeId Handle,
        IEnumerator<SnapshotSourceEntry> Entries,
        DirectoryBuilder Builder,
        DirectoryUpdate? Update);
}
