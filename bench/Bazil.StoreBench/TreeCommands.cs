using System.Diagnostics;
using System.Globalization;
using System.Text;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Microsoft.Win32.SafeHandles;

namespace Bazil.StoreBench;

/// <summary>
/// A tree of files into a store and out again, through blobs, chunk store and snapshot format, without a mount: what backup
/// programs do. The key of the last snapshot lies beside the store. Prints files, bytes and seconds.
/// </summary>
internal static class TreeCommands
{
    private const int BufferBytes = 1 << 20;
    private const int InlineBytesMax = 4096; // as the live volume has it

    private static readonly byte[] _secret = [.. Enumerable.Repeat((byte)0x2a, SharingKey.Size)];

    public static async Task StoreAsync(string kind, string storeDirectory, string tree, bool compress)
    {
        var watch = Stopwatch.StartNew();
        using var sharingKey = new SharingKey(_secret);
        await using IObjectStore store = await Stores.OpenAsync(kind, storeDirectory);
        var convergent = new ConvergentChunkStore(sharingKey, store) { Compression = ChunkRates.CompressionOf(compress) };
        var chunks = new CachingChunkStore(convergent, new ChunkCache());
        await using var budget = new DirtyBudget();
        var blobs = new BlobContext(chunks, budget);

        string headPath = storeDirectory + ".head";
        Snapshot? earlier = File.Exists(headPath) ? await OpenAsync(chunks, headPath) : null;
        TreeScan scan = await TreeScan.RunAsync(tree, earlier?.Root, CancellationToken.None);
        long bytes = 0;
        await Parallel.ForEachAsync(scan.Changed, async (entry, cancel) =>
        {
            entry.Content = await StoreAsync(blobs, entry, cancel);
            Interlocked.Add(ref bytes, (long)entry.Content.SizeBytes);
        });
        SnapshotKey key = await new SnapshotWriter(chunks).WriteAsync(scan, CancellationToken.None); // durable on return
        await File.WriteAllTextAsync(headPath, key.ToString());
        Print(scan.Changed.Count, bytes, watch);
    }

    public static async Task RestoreAsync(string kind, string storeDirectory, string target)
    {
        var watch = Stopwatch.StartNew();
        using var sharingKey = new SharingKey(_secret);
        await using IObjectStore store = await Stores.OpenAsync(kind, storeDirectory);
        var chunks = new CachingChunkStore(new ConvergentChunkStore(sharingKey, store), new ChunkCache());
        await using var budget = new DirtyBudget();
        var blobs = new BlobContext(chunks, budget);
        Snapshot snapshot = await OpenAsync(chunks, storeDirectory + ".head");
        var files = new List<(SnapshotEntry Entry, string Path)>();
        await MakeAsync(snapshot.Root, target, files);
        long bytes = 0;
        await Parallel.ForEachAsync(files, async (file, cancel) => Interlocked.Add(ref bytes, await RestoreAsync(blobs, file.Entry, file.Path, cancel)));
        Print(files.Count, bytes, watch);
    }

    private static async Task<Snapshot> OpenAsync(CachingChunkStore chunks, string headPath)
    {
        if (!SnapshotKey.TryParse(await File.ReadAllTextAsync(headPath), out SnapshotKey key)) throw new InvalidDataException($"{headPath} names no snapshot");
        return await new SnapshotReader(chunks).OpenAsync(key, CancellationToken.None);
    }

    private static async Task<ContentValue> StoreAsync(BlobContext blobs, TreeScan.Entry entry, CancellationToken cancel)
    {
        using SafeFileHandle file = File.OpenHandle(entry.Path);
        long size = RandomAccess.GetLength(file);
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Clamp(size, 1, BufferBytes));
        try
        {
            int count = RandomAccess.Read(file, buffer, 0);
            if (size <= InlineBytesMax) return ContentValue.Inline(buffer.AsSpan(0, count), entry.ModifyTime);
            await using var blob = new Blob(blobs, Manifest.Empty());
            for (long offset = 0; count > 0; count = RandomAccess.Read(file, buffer, offset))
            {
                await blob.WriteAsync((ulong)offset, buffer.AsMemory(0, count), cancel);
                offset += count;
            }

            return ContentValue.Blob(await blob.SaveAsync(cancel), entry.ModifyTime);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task MakeAsync(SnapshotDirectory directory, string path, List<(SnapshotEntry Entry, string Path)> files)
    {
        Directory.CreateDirectory(path);
        await foreach (SnapshotEntry entry in directory.ListAsync(0, CancellationToken.None))
        {
            string name = Path.Combine(path, entry.Name.ToString());
            if (entry.IsDirectory) await MakeAsync(directory.Open(entry), name, files);
            else if (entry.Kind == NodeKind.Symlink) File.CreateSymbolicLink(name, Encoding.UTF8.GetString(entry.Content!.Bytes.Span));
            else files.Add((entry, name));
        }
    }

    private static async Task<long> RestoreAsync(BlobContext blobs, SnapshotEntry entry, string path, CancellationToken cancel)
    {
        await using SnapshotContent content = SnapshotContent.Open(blobs, entry);
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Clamp((long)content.SizeBytes, 1, BufferBytes));
        try
        {
            using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
            {
                long offset = 0;
                for (int count; (count = await content.ReadAsync((ulong)offset, buffer, cancel)) > 0; offset += count) RandomAccess.Write(file, buffer.AsSpan(0, count), offset);
                File.SetUnixFileMode(file, (UnixFileMode)entry.Attributes.Mode);
                File.SetLastWriteTimeUtc(file, entry.ModifyTime.ToDateTimeOffset().UtcDateTime);
                return offset;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Print(int files, long bytes, Stopwatch watch) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{files} {bytes} {watch.Elapsed.TotalSeconds:F6}"));
}
