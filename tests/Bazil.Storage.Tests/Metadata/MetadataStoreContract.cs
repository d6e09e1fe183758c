using System.Text;
using Bazil.Storage.Metadata;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

/// <summary>What every metadata store promises. Each implementation inherits it.</summary>
public abstract class MetadataStoreContract
{
    /// <summary>An empty store; the test disposes it.</summary>
    protected abstract IMetadataStore CreateStore();

    [Fact]
    public void Absent_key_is_null_and_an_empty_value_is_not()
    {
        using IMetadataStore store = CreateStore();
        Put(store, "k", "");
        Assert.Null(store.Get("absent"u8));
        Assert.Empty(store.Get("k"u8)!);
    }

    [Fact]
    public void Returned_value_is_the_callers_to_change()
    {
        using IMetadataStore store = CreateStore();
        Put(store, "k", "abc");
        store.Get("k"u8)![0] = (byte)'X';
        Assert.Equal("abc"u8.ToArray(), store.Get("k"u8));
    }

    [Fact]
    public void Last_change_of_a_key_in_a_batch_counts()
    {
        using IMetadataStore store = CreateStore();
        var batch = new MetadataBatch();
        batch.Put("a"u8, "1"u8);
        batch.Put("a"u8, "2"u8);
        batch.Put("b"u8, "1"u8);
        batch.Delete("b"u8);
        batch.Put("c"u8, "1"u8);
        batch.DeleteRange("c"u8, "d"u8);
        batch.Put("d"u8, "1"u8);
        batch.DeleteRange("d"u8, "e"u8);
        batch.Put("d"u8, "2"u8);
        store.Commit(batch);
        Assert.Equal("a=2 d=2", Dump(store));
    }

    [Fact]
    public void Batch_stays_the_callers_and_is_used_again()
    {
        using IMetadataStore store = CreateStore();
        var batch = new MetadataBatch();
        batch.Put("a"u8, "1"u8);
        store.Commit(batch);
        batch.Clear();
        Assert.Equal(0, batch.Count);
        store.Commit(batch);
        batch.Put("b"u8, "2"u8);
        store.Commit(batch);
        Assert.Equal("a=1 b=2", Dump(store));
    }

    [Fact]
    public void Scan_is_bytewise_from_inclusive_to_exclusive()
    {
        using IMetadataStore store = CreateStore();
        foreach (string key in (string[])["b", "a", "aa", "a\u0001", "é", "z"]) Put(store, key, "");
        Assert.Equal("a= a\u0001= aa=", Dump(store, "a"u8, "b"u8));
        Assert.Equal("aa= b=", Dump(store, "aa"u8, "z"u8));
        Assert.Equal("z= é=", Dump(store, "c"u8, default));
        Assert.Equal("", Dump(store, "b"u8, "b"u8));
        Assert.Equal("", Dump(store, "z"u8, "a"u8));
    }

    [Fact]
    public void Cursor_stays_at_the_end_and_refuses_use_after_dispose()
    {
        using IMetadataStore store = CreateStore();
        Put(store, "a", "1");
        IMetadataCursor cursor = store.Scan(default, default);
        Assert.True(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        cursor.Dispose();
        cursor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cursor.MoveNext());
    }

    [Fact]
    public void Scan_does_not_see_later_commits()
    {
        using IMetadataStore store = CreateStore();
        Put(store, "a", "1");
        Put(store, "c", "1");
        using IMetadataCursor cursor = store.Scan(default, default);
        Put(store, "b", "2");
        Put(store, "c", "2");
        Assert.Equal("a=1 c=1", Dump(cursor));
        Assert.Equal("a=1 b=2 c=2", Dump(store));
    }

    [Fact]
    public void Snapshot_is_frozen_for_gets_and_scans()
    {
        using IMetadataStore store = CreateStore();
        Put(store, "a", "1");
        Put(store, "b", "1");
        using IMetadataSnapshot snapshot = store.Snapshot();
        var batch = new MetadataBatch();
        batch.Put("a"u8, "2"u8);
        batch.DeleteRange("b"u8, "c"u8);
        store.Commit(batch);
        store.Sync();
        Assert.Equal("1"u8.ToArray(), snapshot.Get("a"u8));
        Assert.Equal("a=1 b=1", Dump(snapshot));
        Assert.Equal("a=2", Dump(store));
    }

    [Fact]
    public void Scan_of_a_snapshot_outlives_the_snapshot()
    {
        using IMetadataStore store = CreateStore();
        Put(store, "a", "1");
        IMetadataSnapshot snapshot = store.Snapshot();
        using IMetadataCursor cursor = snapshot.Scan(default, default);
        snapshot.Dispose();
        Put(store, "a", "2");
        Assert.Equal("a=1", Dump(cursor));
        Assert.Throws<ObjectDisposedException>(() => snapshot.Get("a"u8));
    }

    [Fact]
    public void Prefix_is_scanned_and_deleted_exactly()
    {
        using IMetadataStore store = CreateStore();
        var batch = new MetadataBatch();
        foreach (byte last in (byte[])[0, 1, 0xFF])
        {
            batch.Put([0x20, 0xFF, last], "x"u8);
            batch.Put([0x20, last], "x"u8);
            batch.Put([0x21, last], "x"u8);
        }

        store.Commit(batch);
        Assert.Equal(4, Count(store, [0x20, 0xFF]));
        batch.Clear();
        batch.DeletePrefix([0x20, 0xFF]);
        store.Commit(batch);
        Assert.Equal(0, Count(store, [0x20, 0xFF]));
        Assert.Equal(2, Count(store, [0x20]));
        Assert.Equal(3, Count(store, [0x21]));
    }

    [Fact]
    public void Large_values_and_batches_are_kept()
    {
        using IMetadataStore store = CreateStore();
        byte[] value = new byte[3 * 1024 * 1024];
        Seed.Take(5).CreateRandom().NextBytes(value);
        Put(store, "a"u8.ToArray(), value);
        Put(store, "b", "1");
        Assert.Equal(value, store.Get("a"u8));
    }

    [Fact]
    public void Readers_see_all_of_a_commit_or_nothing()
    {
        using IMetadataStore store = CreateStore();
        using var stop = new CancellationTokenSource();
        Exception? failure = null;
        Thread[] readers = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    string[] values = [.. Entries(store.Scan(default, default)).Select(entry => Encoding.UTF8.GetString(entry.Value)).Distinct()];
                    Assert.True(values.Length <= 1, string.Join(' ', values));
                }
            }
            catch (Exception exception)
            {
                failure = exception; // rethrown on the test's thread
            }
        }))];
        foreach (Thread reader in readers) reader.Start();
        var batch = new MetadataBatch();
        for (int i = 0; i < 3000; i++)
        {
            batch.Clear();
            foreach (string key in (string[])["a", "b", "c"]) batch.Put(Encoding.UTF8.GetBytes(key), BitConverter.GetBytes(i));
            store.Commit(batch);
        }

        stop.Cancel();
        foreach (Thread reader in readers) reader.Join();
        Assert.Null(failure);
    }

    [Fact]
    public void Commits_of_many_threads_are_all_there()
    {
        using IMetadataStore store = CreateStore();
        Thread[] writers = [.. Enumerable.Range(0, 4).Select(writer => new Thread(() =>
        {
            var batch = new MetadataBatch();
            for (int i = 0; i < 500; i++)
            {
                batch.Clear();
                batch.Put([(byte)writer, (byte)(i >> 8), (byte)i], "x"u8);
                store.Commit(batch);
                if (i % 100 == 0) store.Sync();
            }
        }))];
        foreach (Thread writer in writers) writer.Start();
        foreach (Thread writer in writers) writer.Join();
        Assert.Equal(2000, Count(store, []));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_history_equals_the_model(int fallback)
    {
        Seed seed = Seed.Take(fallback);
        using IMetadataStore store = CreateStore();
        new MetadataModelTest(store, seed).Run(steps: 600);
    }

    protected static void Put(IMetadataStore store, string key, string value) =>
        Put(store, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));

    protected static void Put(IMetadataStore store, byte[] key, byte[] value)
    {
        var batch = new MetadataBatch();
        batch.Put(key, value);
        store.Commit(batch);
    }

    protected static string Dump(IMetadataReader reader) => Dump(reader.Scan(default, default));

    private static string Dump(IMetadataReader reader, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => Dump(reader.Scan(from, to));

    private static string Dump(IMetadataCursor cursor) => string.Join(
        ' ', Entries(cursor).Select(entry => $"{Encoding.UTF8.GetString(entry.Key)}={Encoding.UTF8.GetString(entry.Value)}"));

    private static int Count(IMetadataReader reader, byte[] prefix) => Entries(reader.ScanPrefix(prefix)).Count;

    private static List<(byte[] Key, byte[] Value)> Entries(IMetadataCursor cursor)
    {
        List<(byte[], byte[])> entries = [];
        while (cursor.MoveNext()) entries.Add((cursor.Key.ToArray(), cursor.Value.ToArray()));
        cursor.Dispose();
        return entries;
    }
}
