using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>
/// After a power cut the volume is as it was at some moment not before the last sync: all changes up to it, none after it, every
/// file with the bytes of that moment. The database may have kept rows that it never synced, while the objects they name are lost or torn.
/// A failure prints its seed.
/// </summary>
public sealed class PowerCutTests
{
    private static readonly string[] _names = ["a", "b", "c", "d"];

    [Fact]
    public async Task What_is_found_is_a_moment_of_the_past_not_before_the_last_sync()
    {
        int first = Seed.Take(1).Value;
        int count = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 } ? 1 : int.Parse(Environment.GetEnvironmentVariable("BAZIL_SEEDS") ?? "200", CultureInfo.InvariantCulture);
        int takenBack = 0, hurt = 0, patches = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            var objects = new LossyObjectStore();
            await using World world = await World.CreateAsync(1, seed, objects);
            var history = new History(world.Replicas[0], new Random(seed));
            for (int cut = 0; cut < 3; cut++)
            {
                await history.RunAsync(steps: 25);
                hurt += await objects.CutPowerAsync(world.Random);
                world.Replicas[0].PowerCut(world.Random);
                patches += world.Replicas[0].PatchCount();
                if (world.Random.Next(3) == 0) world.Replicas[0].PowerCut(world.Random); // what is recovered is not lost by the next one
                await history.CheckAsync(new Seed(seed).ToString());
            }

            takenBack += world.Replicas[0].Log.Count(message => message.Contains("taken back", StringComparison.Ordinal));
        }

        if (count > 100) Assert.True(hurt > 100 && takenBack > 50 && patches > 200, $"nothing was tried: {hurt} objects hurt, {takenBack} times taken back, {patches} patches");
    }

    [Fact]
    public async Task New_content_without_its_chunks_is_taken_back_and_the_old_content_is_there()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", Text(1));
        await replica.Volume.SyncAsync(CancellationToken.None);
        await replica.WriteAsync("g", Text(2));
        Assert.Equal(Unix.Errno.OK, replica.Rename("g", "f"));
        replica.MakeDirectory("later");
        replica.Metadata.Sync(); // the database does so when it likes

        while (await objects.CutPowerAsync(new Random(3)) == 0) await replica.WriteAsync("f", Text(4));
        replica.PowerCut(new Random(1));

        Assert.Equal(Text(1), await replica.ReadAsync("f"));
        Assert.False(replica.Exists("later"));
        Assert.Contains(replica.Log, message => message.Contains("were taken back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Content_that_the_disk_does_not_give_is_no_reason_to_take_changes_back()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", Text(1));
        replica.Metadata.Sync();
        objects.IsUnreadable = true;

        StoreException failure = Assert.Throws<StoreException>(() => replica.PowerCut(new Random(1)));

        Assert.Contains("mend the disk", failure.Message);
        Assert.NotEmpty(replica.UndoRows());
        objects.IsUnreadable = false;
        replica.PowerCut(new Random(1));
        Assert.Equal(Text(1), await replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Nothing_is_taken_back_when_only_the_daemon_died()
    {
        await using World world = await World.CreateAsync(1, 1, new LossyObjectStore());
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", Text(1));
        await replica.WriteAsync("f", Text(2));
        replica.Metadata.Sync();
        replica.PowerCut(new Random(1)); // of a disk that has everything

        Assert.Equal(Text(2), await replica.ReadAsync("f"));
        Assert.DoesNotContain(replica.Log, message => message.Contains("taken back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sync_of_nothing_but_small_files_writes_no_undo_rows()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        int before = replica.Metadata.UnsyncedCount;
        await replica.WriteAsync("f", "small");
        Assert.Equal(2, replica.Metadata.UnsyncedCount - before);
        Assert.Empty(replica.UndoRows());
        await replica.WriteAsync("g", Text(1));
        Assert.NotEmpty(replica.UndoRows());
        await replica.Volume.SyncAsync(CancellationToken.None);
        Assert.Empty(replica.UndoRows());
    }

    [Fact]
    public async Task Recovery_reads_only_chunks_that_were_put_since_the_last_sync()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        string large = Noise(200 * 128 * 1024);
        await replica.WriteAsync("f", large);
        await replica.Volume.SyncAsync(CancellationToken.None);
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        await replica.WriteAsync(handle, "changed");
        await replica.CloseAsync(handle);
        await replica.WriteAsync("g", large); // the same chunks: nothing new is put, but for the pointers that were
        replica.Metadata.Sync();
        byte[][] rows = [.. replica.UndoRows()];
        objects.GetCount = 0;

        replica.PowerCut(new Random(1));

        Assert.Equal(2, rows.Length > 0 ? UndoRow.Decode(rows[0]).Unsynced.Count(chunk => chunk.Level > 0) : 0);
        Assert.Single(UndoRow.Decode(rows[0]).Unsynced, chunk => chunk.Level == 0);
        Assert.InRange(objects.GetCount, 3, 210);
        Assert.Equal("changed" + large[7..], await replica.ReadAsync("f"));
        Assert.Equal(large, await replica.ReadAsync("g"));
    }

    [Fact]
    public async Task Undo_rows_are_few_however_long_nobody_syncs()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("removed on a full disk", "");
        await replica.WriteAsync("a", Text(1));
        objects.IsFull = true;
        int changes = 0;
        while (TryRename(replica, changes++))
        {
            Assert.True(changes <= (Limits.UndoWaitFactor * Limits.UndoRowsTarget) + 1, "changes go on without end");
        }

        int rows = replica.UndoRows().Count;
        Assert.InRange(rows, Limits.UndoRowsTarget, (Limits.UndoWaitFactor * Limits.UndoRowsTarget) + 1);
        Assert.Equal(Unix.Errno.OK, replica.Unlink("removed on a full disk"));
        Assert.Null(replica.Volume.Failure);
        objects.IsFull = false; // somebody made room

        Assert.True(TryRename(replica, changes - 1));
        Assert.InRange(replica.UndoRows().Count, 0, Limits.UndoRowsTarget);
        replica.PowerCut(new Random(2));
        Assert.True(replica.Exists("a") || replica.Exists("b"));
    }

    [Fact]
    public async Task Many_changes_settle_by_themselves()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("a", Text(1));
        int before = objects.SyncCount;
        for (int change = 0; change <= Limits.UndoRowsTarget || objects.SyncCount == before; change++) Assert.True(TryRename(replica, change));
        while (replica.UndoRows().Count > Limits.UndoRowsTarget) await Task.Yield();
    }

    [Fact]
    public void Undo_rows_are_read_in_both_formats()
    {
        var manifest = new Manifest(new ChunkKey([.. Enumerable.Repeat((byte)7, ChunkKey.Size)]), 1 << 20, Manifest.DefaultChunkSizeBytes, Manifest.DefaultFanout, 3);
        var row = new UndoRow([BlobSubtree.Of(manifest), BlobSubtree.Of(manifest) with { Level = 0 }], [KeyValuePair.Create<byte[], byte[]?>([1], [2]), KeyValuePair.Create<byte[], byte[]?>([3], null)]);
        byte[] encoded = row.Encode();
        UndoRow decoded = UndoRow.Decode(encoded);
        Assert.False(decoded.NamesWholeContents);
        Assert.Equal(row.Unsynced, decoded.Unsynced);
        Assert.Equal(encoded, decoded.Encode());

        var old = new WireWriter();
        old.WriteByte(1);
        old.WriteVariable(1);
        ValueCodec.WriteContent(old, ContentValue.Blob(manifest, default));
        old.WriteVariable(0);
        UndoRow oldRow = UndoRow.Decode(old.ToArray());
        Assert.True(oldRow.NamesWholeContents);
        Assert.Equal(BlobSubtree.Of(manifest), Assert.Single(oldRow.Unsynced));
        for (int length = 0; length < encoded.Length; length++) Assert.Throws<WireFormatException>(() => UndoRow.Decode(encoded.AsSpan(0, length)));
    }

    [Fact]
    public async Task Failed_sync_of_the_objects_stops_all_changes()
    {
        var objects = new LossyObjectStore();
        await using World world = await World.CreateAsync(1, 1, objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", Text(1));
        objects.IsBroken = true;

        await Assert.ThrowsAsync<Storage.Stores.StoreException>(() => replica.Volume.SyncAsync(CancellationToken.None));

        Assert.Contains("a sync failed", replica.Volume.Failure);
        Assert.Equal(Unix.Errno.EROFS, replica.Rename("f", "g"));
        Assert.Equal(Text(1), await replica.ReadAsync("f"));
        objects.IsBroken = false; // the daemon is started again on a good disk
        replica.PowerCut(new Random(1));
        Assert.Null(replica.Volume.Failure);
    }

    /// <summary>Renames one file back and forth. False when the volume has no room for the change.</summary>
    private static bool TryRename(Replica replica, int change)
    {
        try
        {
            Assert.Equal(Unix.Errno.OK, change % 2 == 0 ? replica.Rename("a", "b") : replica.Rename("b", "a"));
            return true;
        }
        catch (Storage.Stores.StoreException e) when (e.IsDiskFull)
        {
            return false;
        }
    }

    private static string Noise(int length)
    {
        byte[] bytes = new byte[length / 2];
        new Random(5).NextBytes(bytes);
        return Convert.ToHexString(bytes);
    }

    /// <summary>Beyond what fits in a row.</summary>
    private static string Text(int number) => new Random(number).Next().ToString(CultureInfo.InvariantCulture).PadRight(6000, 'x');

    /// <summary>Operations on one volume, and every state that it went through.</summary>
    private sealed class History(Replica replica, Random random)
    {
        private readonly List<SortedDictionary<string, string>> _states = [new(StringComparer.Ordinal)];
        private int _number;

        public async Task RunAsync(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                string name = _names[random.Next(_names.Length)], other = _names[random.Next(_names.Length)];
                switch (random.Next(14))
                {
                    case 10 or 11: await PatchAsync(name); break;
                    case 12 when _states[^1].ContainsKey(name): await PatchAsync(name); break;
                    case 13 when random.Next(3) == 0: await replica.Volume.SettlePatchesAsync(CancellationToken.None); break;
                    case < 4: await WriteAsync(name, Text(++_number)); break;
                    case < 6: await WriteAsync(name, $"small {++_number}"); break;
                    case 6 when _states[^1].ContainsKey(name) && name != other:
                        Assert.Equal(Unix.Errno.OK, replica.Rename(name, other));
                        Then(state =>
                        {
                            state[other] = state[name];
                            state.Remove(name);
                        });
                        break;
                    case 7 when _states[^1].ContainsKey(name):
                        Assert.Equal(Unix.Errno.OK, replica.Unlink(name));
                        Then(state => state.Remove(name));
                        break;
                    case 8:
                        await replica.Volume.SyncAsync(CancellationToken.None);
                        _states.RemoveRange(0, _states.Count - 1);
                        break;
                    default: replica.Metadata.Sync(); break;
                }
            }
        }

        public async Task CheckAsync(string context)
        {
            var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (string name in _names.Where(replica.Exists)) found[name] = await replica.ReadAsync(name);
            int moment = _states.FindLastIndex(state => state.SequenceEqual(found));
            Assert.True(moment >= 0, $"{context}: this never was: {Describe(found)}; the last sync had {Describe(_states[0])}, the last moment {Describe(_states[^1])}");
            _states.Clear();
            _states.Add(found);
        }

        private async Task WriteAsync(string name, string text)
        {
            if (!_states[^1].ContainsKey(name)) Then(state => state[name] = "");
            await replica.WriteAsync(name, text);
            Then(state => state[name] = text);
        }

        /// <summary>Changes a file a few times, syncs most of these, and closes it or lets it be open.</summary>
        private async Task PatchAsync(string name)
        {
            bool isThere = _states[^1].TryGetValue(name, out string? before);
            if (!isThere) Then(state => state[name] = "");
            byte[] bytes = Encoding.UTF8.GetBytes(before ?? "");
            FuseHandle handle = await replica.OpenForWritingAsync(name, truncate: false);
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                if (random.Next(5) == 0)
                {
                    Array.Resize(ref bytes, random.Next(12000));
                    Assert.Equal(Unix.Errno.OK, await replica.Volume.TruncateAsync(replica.Find(name), bytes.Length, handle, CancellationToken.None));
                }
                else
                {
                    string text = $"<{++_number}>".PadRight(random.Next(3, 7000), '.');
                    int offset = random.Next(8000);
                    Array.Resize(ref bytes, Math.Max(bytes.Length, offset + text.Length));
                    Encoding.UTF8.GetBytes(text).CopyTo(bytes, offset);
                    await replica.WriteAsync(handle, offset, text);
                }

                if (random.Next(4) == 0) continue;
                string synced = Encoding.UTF8.GetString(bytes);
                await replica.FsyncAsync(handle);
                Then(state => state[name] = synced);
                _states.RemoveRange(0, _states.Count - 1);
            }

            await replica.CloseAsync(handle);
            string last = Encoding.UTF8.GetString(bytes);
            Then(state => state[name] = last);
        }

        private void Then(Action<SortedDictionary<string, string>> change)
        {
            var next = new SortedDictionary<string, string>(_states[^1], StringComparer.Ordinal);
            change(next);
            _states.Add(next);
        }

        private static string Describe(SortedDictionary<string, string> state)
        {
            var text = new StringBuilder();
            foreach ((string name, string content) in state) text.Append(CultureInfo.InvariantCulture, $"{name}={content.TrimEnd('x')} ");
            return text.ToString();
        }
    }
}
