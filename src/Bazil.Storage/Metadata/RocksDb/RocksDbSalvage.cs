using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// Reads what can be read of a damaged database. Works on a copy, for the library changes what it repairs. First the copy is opened as it is
/// and read around damaged blocks; where that is not possible, the library's own repair rebuilds its list of files from the files that are
/// there, giving up those that it cannot read.
/// </summary>
public static unsafe partial class RocksDbSalvage
{
    private const string LostDirectory = "lost";

    /// <summary>Of a key, so many bytes are stepped through to find where reading can go on: table, volume, inode and the beginning of a name.</summary>
    private const int ProbedBytes = 24;

    /// <summary>A database with more holes is more hole than database; what lies behind the last one is given up. Each costs some memory that is only given back with the process.</summary>
    private const int GapsMax = 64;

    private const int RowsPerBatch = 1000;

    /// <summary>Copies all rows that can be read into an empty store.</summary>
    /// <param name="directory">The damaged database, which no process has open. It is only read.</param>
    /// <param name="scratch">The beginning of the path of directories for copies; they are deleted in the end.</param>
    /// <param name="target">Holds the rows in the end.</param>
    /// <exception cref="MetadataException">Nothing can be read, or the target failed.</exception>
    /// <exception cref="IOException">The files cannot be copied.</exception>
    public static MetadataSalvage Run(string directory, string scratch, IMetadataStore target)
    {
        RocksDbApi api = RocksDbApi.Load();
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        try
        {
            // A database that failed is never closed, so each way has a copy of its own. What is read first may be stale where the second way finds more, so each way begins with nothing.
            MetadataSalvage? asItIs = IsGuardRight(directory) ? TryRead(api, directory, scratch + "1", target, isRebuilt: false, missing) : null;
            if (asItIs is not null && asItIs.Gaps.All(static gap => gap.ResumedAt is not null)) return asItIs;
            Clear(target);
            MetadataSalvage? rebuilt = TryRead(api, directory, scratch + "2", target, isRebuilt: true, missing);
            if (rebuilt is not null && (asItIs is null || rebuilt.RowCount >= asItIs.RowCount)) return rebuilt;
            Clear(target);
            return (asItIs is null ? null : TryRead(api, directory, scratch + "3", target, isRebuilt: false, missing))
                ?? throw RocksDbStatus.ToException("Corruption: nothing in it can be read", "repair", directory);
        }
        finally
        {
            for (int way = 1; way <= 3; way++) Delete($"{scratch}{way}");
        }
    }

    private static bool IsGuardRight(string directory)
    {
        try
        {
            RocksDbManifestGuard.Check(directory);
            return true;
        }
        catch (IOException)
        {
            // The list of files has lost something, or is not there: it cannot be relied on.
            return false;
        }
    }

    private static MetadataSalvage? TryRead(RocksDbApi api, string directory, string scratch, IMetadataStore target, bool isRebuilt, SortedSet<string> missing)
    {
        Delete(scratch);
        Copy(directory, scratch);
        using RocksDbObject options = new RocksDbSettings(api).CreateForSalvage();
        try
        {
            if (isRebuilt) Repair(api, options, scratch);
            using RocksDbDatabase database = RocksDbDatabase.OpenForSalvage(api, options, scratch);
            var gaps = new List<MetadataGap>();
            long rows = Read(database, target, gaps, e => NoteMissing(e, directory, missing));
            string lost = Path.Combine(scratch, LostDirectory);
            IEnumerable<string> given = Directory.Exists(lost) ? Directory.GetFiles(lost, "*.sst").Select(static file => Path.GetFileName(file)) : [];
            return rows == 0 ? null : new MetadataSalvage(rows, gaps, [.. given.Union(missing).Order(StringComparer.Ordinal)], isRebuilt);
        }
        catch (MetadataException e) when (e.Failure is MetadataFailure.Damaged or MetadataFailure.Io or MetadataFailure.Unsupported or MetadataFailure.Missing)
        {
            // This way does not lead there.
            NoteMissing(e, directory, missing);
            return null;
        }
    }

    /// <summary>Tables that the list of files names and that are not there: the library's repair would not miss them.</summary>
    private static void NoteMissing(MetadataException failure, string directory, SortedSet<string> missing)
    {
        foreach (Match table in TableName().Matches(failure.Message))
        {
            string name = Path.ChangeExtension(table.Value, ".sst");
            if (!File.Exists(Path.Combine(directory, name))) missing.Add(name);
        }
    }

    /// <summary>The library looks for a missing table under the extension of old versions last, and names that.</summary>
    [GeneratedRegex(@"\d+\.(sst|ldb)", RegexOptions.ExplicitCapture)]
    private static partial Regex TableName();

    private static long Read(RocksDbDatabase database, IMetadataStore target, List<MetadataGap> gaps, Action<MetadataException> failed)
    {
        long rows = 0;
        byte[] from = [];
        while (true)
        {
            byte[] last = from;
            var batch = new MetadataBatch();
            try
            {
                using var cursor = new RocksDbCursor(new RocksDbIterator(database, null, from, []));
                while (cursor.MoveNext())
                {
                    last = cursor.Key.ToArray();
                    batch.Put(last, cursor.Value);
                    rows++;
                    if (batch.Count >= RowsPerBatch) Flush(target, batch);
                }

                Flush(target, batch);
                return rows;
            }
            catch (MetadataException e) when (e.Failure != MetadataFailure.ReadOnly)
            {
                Flush(target, batch);
                failed(e);
                byte[]? resumed = gaps.Count < GapsMax ? FindReadable(database, last) : null;
                gaps.Add(new MetadataGap(last, resumed is null ? null : (ReadOnlyMemory<byte>)resumed));
                if (resumed is null) return rows;
                from = resumed;
            }
        }
    }

    private static void Flush(IMetadataStore target, MetadataBatch batch)
    {
        target.Commit(batch);
        batch.Clear();
    }

    /// <summary>The smallest key, or nearly so, behind which a read succeeds again: in steps that double, then by halving.</summary>
    private static byte[]? FindReadable(RocksDbDatabase database, byte[] last)
    {
        BigInteger start = ToNumber(last), end = BigInteger.One << (8 * ProbedBytes);
        BigInteger bad = start, step = BigInteger.One;
        while (start + step < end && !CanRead(database, start + step))
        {
            bad = start + step;
            step *= 2;
        }

        if (start + step >= end) return null;
        BigInteger good = start + step;
        while (good - bad > 1)
        {
            BigInteger middle = (good + bad) / 2;
            if (CanRead(database, middle)) good = middle;
            else bad = middle;
        }

        return ToKey(good);
    }

    private static bool CanRead(RocksDbDatabase database, BigInteger key)
    {
        try
        {
            using var cursor = new RocksDbCursor(new RocksDbIterator(database, null, ToKey(key), []));
            return cursor.MoveNext(); // nothing behind it is nothing to go on with
        }
        catch (MetadataException)
        {
            return false;
        }
    }

    private static BigInteger ToNumber(byte[] key)
    {
        byte[] padded = new byte[ProbedBytes];
        key.AsSpan(0, Math.Min(key.Length, ProbedBytes)).CopyTo(padded);
        return new BigInteger(padded, isUnsigned: true, isBigEndian: true);
    }

    private static byte[] ToKey(BigInteger number)
    {
        byte[] bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true), key = new byte[ProbedBytes];
        bytes.CopyTo(key, ProbedBytes - bytes.Length);
        return key;
    }

    private static void Repair(RocksDbApi api, RocksDbObject options, string directory)
    {
        var repair = (delegate* unmanaged[Cdecl]<nint, byte*, byte**, void>)api.Export("rocksdb_repair_db");
        byte* error = null;
        fixed (byte* path = Encoding.UTF8.GetBytes(directory + "\0")) repair(options.Value, path, &error);
        if (error != null) throw RocksDbStatus.ToException(api, error, "repair", directory);
    }

    private static void Clear(IMetadataStore target)
    {
        var batch = new MetadataBatch();
        for (int table = 0; table < byte.MaxValue; table++) batch.DeleteRange([(byte)table], [(byte)(table + 1)]);
        target.Commit(batch);
    }

    private static void Copy(string directory, string scratch)
    {
        Directory.CreateDirectory(scratch, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string file in Directory.GetFiles(directory))
        {
            string name = Path.GetFileName(file);
            if (name != "LOCK") File.Copy(file, Path.Combine(scratch, name));
        }
    }

    private static void Delete(string scratch)
    {
        if (Directory.Exists(scratch)) Directory.Delete(scratch, recursive: true);
    }
}
