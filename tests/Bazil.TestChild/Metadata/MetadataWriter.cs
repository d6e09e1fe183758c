using System.Buffers.Binary;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;

namespace Bazil.TestChild.Metadata;

/// <summary>
/// Writes until it is killed. Each of several threads commits numbered batches of three keys; the value of a batch is the
/// number of acknowledged batches of every thread that its writer had seen, a vector clock. Every acknowledgement and every
/// completed sync is a line on the output: <c>A writer count</c>, <c>S count count ...</c>; a writer that meets an error
/// says <c>F reason</c>, and when all have, the store is disposed: <c>D</c>.
/// </summary>
internal static class MetadataWriter
{
    public const int WriterCount = 3;
    public const int KeysPerBatch = 3;

    internal static int Run(string directory, int seed)
    {
        using RocksDbMetadataStore store = Directory.Exists(directory)
            ? RocksDbMetadataStore.Open(directory, TimeProvider.System)
            : RocksDbMetadataStore.Create(directory, TimeProvider.System);
        using Stream output = Console.OpenStandardOutput();
        using var acknowledgements = new StreamWriter(output) { AutoFlush = true };
        long[] acknowledged = new long[WriterCount];
        Thread[] writers = [.. Enumerable.Range(0, WriterCount).Select(writer => new Thread(() =>
        {
            try
            {
                Write(store, writer, acknowledged, acknowledgements, new Random(seed + writer));
            }
            catch (MetadataException exception)
            {
                // The power cut makes writing fail: nothing more is acknowledged.
                lock (acknowledgements) acknowledgements.WriteLine($"F {exception.Failure}");
            }
        }))];
        foreach (Thread writer in writers) writer.Start();
        foreach (Thread writer in writers) writer.Join();
        store.Dispose();
        lock (acknowledgements) acknowledgements.WriteLine("D");
        Thread.CurrentThread.Join();
        return 0;
    }

    private static void Write(RocksDbMetadataStore store, int writer, long[] acknowledged, StreamWriter output, Random random)
    {
        var batch = new MetadataBatch();
        byte[] key = new byte[10];
        byte[] value = new byte[200];
        key[0] = (byte)writer;
        for (long number = 0; ; number++)
        {
            batch.Clear();
            BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), number);
            for (int other = 0; other < WriterCount; other++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(8 * other), Volatile.Read(ref acknowledged[other]));
            }

            for (byte part = 0; part < KeysPerBatch; part++)
            {
                key[9] = part;
                batch.Put(key, value);
            }

            store.Commit(batch);
            Volatile.Write(ref acknowledged[writer], number + 1);
            lock (output) output.WriteLine($"A {writer} {number + 1}");
            if (random.Next(300) == 0) Sync(store, acknowledged, output);
        }
    }

    private static void Sync(RocksDbMetadataStore store, long[] acknowledged, StreamWriter output)
    {
        string seen = string.Join(' ', Enumerable.Range(0, WriterCount).Select(writer => Volatile.Read(ref acknowledged[writer])));
        store.Sync();
        lock (output) output.WriteLine($"S {seen}");
    }
}
