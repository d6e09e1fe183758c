using Bazil.Storage.Metadata;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

/// <summary>Random batches, range deletes, scans and snapshots, compared with a sorted dictionary after every step.</summary>
internal sealed class MetadataModelTest(IMetadataStore store, Seed seed)
{
    private static readonly Comparer<byte[]> Bytewise = Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right));

    private readonly Random _random = seed.CreateRandom();
    private readonly SortedDictionary<byte[], byte[]> _model = new(Bytewise);
    private readonly List<(IMetadataSnapshot Snapshot, SortedDictionary<byte[], byte[]> Model)> _snapshots = [];
    private int _step;

    public void Run(int steps)
    {
        for (_step = 0; _step < steps; _step++)
        {
            switch (_random.Next(10))
            {
                case < 6: CommitBatch(); break;
                case 6: store.Sync(); break;
                case 7: _snapshots.Add((store.Snapshot(), new SortedDictionary<byte[], byte[]>(_model, Bytewise))); break;
                case 8 when _snapshots.Count > 0: DropSnapshot(); break;
                default: break;
            }

            CheckGet(store, _model);
            CheckScan(store, _model);
            foreach ((IMetadataSnapshot snapshot, SortedDictionary<byte[], byte[]> model) in _snapshots)
            {
                CheckGet(snapshot, model);
                CheckScan(snapshot, model);
            }
        }

        while (_snapshots.Count > 0) DropSnapshot();
    }

    private void CommitBatch()
    {
        var batch = new MetadataBatch();
        int changes = _random.Next(1, 6);
        for (int i = 0; i < changes; i++)
        {
            byte[] key = RandomKey();
            switch (_random.Next(6))
            {
                case 0:
                    batch.Delete(key);
                    _model.Remove(key);
                    break;
                case 1 when _random.Next(3) == 0:
                    byte[] end = RandomKey();
                    batch.DeleteRange(key, end);
                    foreach (byte[] gone in _model.Keys.Where(k => In(k, key, end)).ToList()) _model.Remove(gone);
                    break;
                default:
                    byte[] value = new byte[_random.Next(4) == 0 ? 0 : _random.Next(300)];
                    _random.NextBytes(value);
                    batch.Put(key, value);
                    _model[key] = value;
                    break;
            }
        }

        store.Commit(batch);
    }

    private void DropSnapshot()
    {
        int index = _random.Next(_snapshots.Count);
        _snapshots[index].Snapshot.Dispose();
        _snapshots.RemoveAt(index);
    }

    private void CheckGet(IMetadataReader reader, SortedDictionary<byte[], byte[]> model)
    {
        byte[] key = RandomKey();
        byte[]? expected = model.GetValueOrDefault(key);
        byte[]? actual = reader.Get(key);
        Assert.True(
            expected is null ? actual is null : actual is not null && expected.AsSpan().SequenceEqual(actual),
            $"get {Convert.ToHexString(key)} at step {_step}, {seed}");
    }

    private void CheckScan(IMetadataReader reader, SortedDictionary<byte[], byte[]> model)
    {
        byte[] from = _random.Next(3) == 0 ? [] : RandomKey();
        byte[] to = _random.Next(3) == 0 ? [] : RandomKey();
        using IMetadataCursor cursor = reader.Scan(from, to);
        foreach ((byte[] key, byte[] value) in model.Where(entry => In(entry.Key, from, to)))
        {
            bool same = cursor.MoveNext() && cursor.Key.SequenceEqual(key) && cursor.Value.SequenceEqual(value);
            Assert.True(same, $"scan {Convert.ToHexString(from)} to {Convert.ToHexString(to)} at step {_step}, {seed}");
        }

        Assert.False(cursor.MoveNext(), $"end of scan at step {_step}, {seed}");
    }

    private static bool In(byte[] key, byte[] from, byte[] to) =>
        Bytewise.Compare(key, from) >= 0 && (to.Length == 0 || Bytewise.Compare(key, to) < 0);

    /// <summary>Few enough that keys meet again; with common prefixes, bytes 0x00 and 0xFF, and different lengths.</summary>
    private byte[] RandomKey()
    {
        ReadOnlySpan<byte> bytes = [0x00, 0x01, 0x7F, 0x80, 0xFF];
        byte[] key = new byte[_random.Next(1, 5)];
        for (int i = 0; i < key.Length; i++) key[i] = bytes[_random.Next(bytes.Length)];
        return key;
    }
}
