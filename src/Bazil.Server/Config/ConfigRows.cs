using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Bazil.Core;
using Bazil.FileSystem.Deletions;
using Bazil.Peers;
using Bazil.Server.Commands;
using Bazil.Server.Config.Rows;
using Bazil.Server.Errors;
using Bazil.Server.Snapshots;
using Bazil.Server.Storages;
using Bazil.Storage.Cas;
using Google.Protobuf;

namespace Bazil.Server.Config;

/// <summary>
/// The values of the configuration tables as bytes (<c>config.proto</c>). Reading checks everything that writing guarantees: a row
/// that is damaged or newer than this program is refused by name, never half understood.
/// </summary>
internal static class ConfigRows
{
    /// <summary>The version that every row is written with.</summary>
    public const uint Version = 1;

    /// <summary>The version of the data directory as a whole.</summary>
    public const uint DirectoryVersion = 1;

    /// <summary>Bytes of an Ed25519 seed and of a sharing key.</summary>
    public const int SecretSize = 32;

    public static byte[] WriteFormat() => new FormatRow { Version = DirectoryVersion }.ToByteArray();

    public static uint ReadFormat(byte[] value) => Parse(FormatRow.Parser, value, "the format version").Version;

    /// <summary>The row, which the caller clears.</summary>
    public static byte[] WriteIdentity(ReadOnlySpan<byte> seed) =>
        WriteSecret(seed, static wrapped => new IdentityRow { Version = Version, Seed = wrapped });

    /// <summary>Returns the seed, which the caller clears, and clears the row.</summary>
    public static byte[] ReadIdentity(byte[] owned)
    {
        const string What = "this node's identity";
        return ReadSecret(IdentityRow.Parser, owned, What, static row => row.Version, static row => row.Seed);
    }

    /// <inheritdoc cref="WriteIdentity"/>
    public static byte[] WriteSharingKey(ReadOnlySpan<byte> secret) =>
        WriteSecret(secret, static wrapped => new SharingKeyRow { Version = Version, Secret = wrapped });

    /// <summary>Returns the key's bytes, which the caller clears, and clears the row.</summary>
    public static byte[] ReadSharingKey(string name, byte[] owned) =>
        ReadSecret(SharingKeyRow.Parser, owned, $"sharing key {name}", static row => row.Version, static row => row.Secret);

    public static byte[] WriteVolume(VolumeConfig volume)
    {
        byte[] id = new byte[VolumeId.Size];
        volume.Id.Write(id);
        var row = new VolumeRow
        {
            Version = Version,
            LocalNumber = volume.LocalNumber,
            VolumeId = UnsafeByteOperations.UnsafeWrap(id),
            SharingKeyName = volume.SharingKeyName,
            Mountpoint = volume.Mountpoint ?? "",
            Uncompressed = volume.Compression == ChunkCompression.None,
            KeyGeneration = volume.KeyGeneration == 1 ? 0 : volume.KeyGeneration,
            Snapshots = volume.Snapshots is { } schedule ? WriteSchedule(schedule) : null,
            Importing = volume.IsImporting,
            Deletions = volume.Deletions == VolumePolicy.Default ? null : new DeletionsRow { BrakePercent = (uint)Math.Round(volume.Deletions.BrakeShare * 100), BrakeFiles = (uint)volume.Deletions.BrakeFiles, TrashDays = (uint)volume.Deletions.TrashDays },
            Paused = volume.IsPaused,
            ReadTimeoutSecondsAndOne = volume.ReadTimeout == Limits.ReadTimeout ? 0 : (uint)volume.ReadTimeout.TotalSeconds + 1,
            Copies = volume.CopiesSet is { } copies ? new CopiesRow { Copies = (uint)copies.Copies, Required = { copies.Required } } : null,
        };
        foreach (VolumeStorage storage in volume.Storages)
        {
            row.Storages.Add(new StorageRow { Name = storage.Name, Address = storage.Address.ToString(), Rates = { storage.Rates.Select(WriteRate) } });
        }

        return row.ToByteArray();
    }

    public static VolumeConfig ReadVolume(string name, byte[] value)
    {
        string what = $"volume {name}";
        VolumeRow row = Parse(VolumeRow.Parser, value, what);
        CheckVersion(row.Version, what);
        Check(row.LocalNumber != 0, what, "it has no local number");
        Check(row.VolumeId.Length == VolumeId.Size, what, $"its id has {row.VolumeId.Length} bytes");
        Check(row.SharingKeyName.Length > 0, what, "it has no sharing key");
        Check(row.Storages.Count > 0, what, "it has no storage");
        Check(row.ReadTimeoutSecondsAndOne <= Limits.ReadTimeoutMax.TotalSeconds + 1, what, "its read-timeout is not known to this version");
        ImmutableArray<VolumeStorage> storages = [.. row.Storages.Select(s => new VolumeStorage(s.Name, ReadAddress(s.Address)) { Rates = [.. s.Rates.Select(rate => ReadRate(rate, what))] })];
        return new VolumeConfig(
            name, row.LocalNumber, VolumeId.Read(row.VolumeId.Span), row.SharingKeyName, storages, row.Mountpoint.Length == 0 ? null : row.Mountpoint)
        {
            Compression = row.Uncompressed ? ChunkCompression.None : ChunkCompression.Zstd,
            KeyGeneration = Math.Max(1, row.KeyGeneration),
            Snapshots = row.Snapshots is { } schedule ? ReadSchedule(schedule, what) : null,
            IsImporting = row.Importing,
            Deletions = row.Deletions is { } deletions ? ReadDeletions(deletions, what) : VolumePolicy.Default,
            IsPaused = row.Paused,
            ReadTimeout = row.ReadTimeoutSecondsAndOne == 0 ? Limits.ReadTimeout : TimeSpan.FromSeconds(row.ReadTimeoutSecondsAndOne - 1),
            CopiesSet = row.Copies is { } copies ? ReadCopies(copies, what) : null,
        };
    }

    private static CopyPolicy ReadCopies(CopiesRow row, string what)
    {
        Check(row.Copies is > 0 and <= Storage.Eviction.EvictionLimits.StoresMax, what, "its number of copies is out of bounds");
        return new CopyPolicy((int)row.Copies, [.. row.Required]);
    }

    private static VolumePolicy ReadDeletions(DeletionsRow row, string what)
    {
        Check(row.BrakePercent <= 100 && row.BrakeFiles <= int.MaxValue && row.TrashDays <= VolumeSettings.TrashDaysMax, what, "its settings about deletions are not known to this version");
        return new VolumePolicy(row.BrakePercent / 100.0, (int)row.BrakeFiles, (int)row.TrashDays);
    }

    private static SnapshotScheduleRow WriteSchedule(SnapshotSchedule schedule)
    {
        var row = new SnapshotScheduleRow { EverySeconds = (uint)schedule.Every.TotalSeconds };
        row.Keep.AddRange(schedule.Keep.Select(static rule => new RetentionRow { Unit = (uint)rule.Unit, Count = (uint)rule.Count }));
        return row;
    }

    private static SnapshotSchedule ReadSchedule(SnapshotScheduleRow row, string what)
    {
        Check(row.EverySeconds > 0, what, "its snapshots have no interval");
        Check(row.Keep.Count > 0, what, "its snapshots have no retention");
        Check(row.Keep.All(static rule => Enum.IsDefined((RetentionUnit)rule.Unit) && rule.Count is > 0 and <= int.MaxValue), what, "the retention of its snapshots is not known to this version");
        return new SnapshotSchedule(TimeSpan.FromSeconds(row.EverySeconds), [.. row.Keep.Select(static rule => new RetentionRule((RetentionUnit)rule.Unit, (int)rule.Count))]);
    }

    public static byte[] WritePeer(PeerConfig peer)
    {
        var row = new PeerRow { Version = Version, Nickname = peer.Nickname ?? "" };
        row.Locations.AddRange(peer.Locations);
        row.Storages.AddRange(peer.Storages.Select(static s => s.ToString()));
        row.Volumes.AddRange(peer.Volumes.Select(BytesOf));
        row.PausedVolumes.AddRange(peer.PausedVolumes.Select(BytesOf));
        row.Rates.AddRange(peer.Rates.Select(WriteRate));
        return row.ToByteArray();
    }

    public static byte[] WriteCache(CacheSettings cache) => new CacheRow { Version = Version, PinRate = (ulong)(cache.PinRate ?? 0), Limit = (ulong)(cache.LimitBytes ?? 0), Free = (ulong)(cache.FreeBytes ?? 0) }.ToByteArray();

    public static CacheSettings ReadCache(byte[] value)
    {
        const string What = "the settings of this node's cache";
        CacheRow row = Parse(CacheRow.Parser, value, What);
        CheckVersion(row.Version, What);
        Check(row is { PinRate: <= long.MaxValue, Limit: <= long.MaxValue, Free: <= long.MaxValue }, What, "a number is out of bounds");
        return new CacheSettings { PinRate = NullIfZero(row.PinRate), LimitBytes = NullIfZero(row.Limit), FreeBytes = NullIfZero(row.Free) };

        static long? NullIfZero(ulong value) => value == 0 ? null : (long)value;
    }

    private static RateRow WriteRate(RateRule rule) => new()
    {
        Up = (ulong)(rule.Limits.Up ?? 0), Down = (ulong)(rule.Limits.Down ?? 0),
        FromMinute = (uint)(rule.Hours?.FromMinute ?? 0), ToMinute = (uint)(rule.Hours?.ToMinute ?? 0),
    };

    private static ByteString BytesOf(VolumeId volume)
    {
        byte[] id = new byte[VolumeId.Size];
        volume.Write(id);
        return UnsafeByteOperations.UnsafeWrap(id);
    }

    public static PeerConfig ReadPeer(PeerId id, byte[] value)
    {
        string what = $"peer {id}";
        PeerRow row = Parse(PeerRow.Parser, value, what);
        CheckVersion(row.Version, what);
        Check(row.Volumes.Concat(row.PausedVolumes).All(static v => v.Length == VolumeId.Size), what, "a volume id has the wrong length");
        return new PeerConfig(
            id,
            row.Nickname.Length == 0 ? null : row.Nickname,
            [.. row.Locations],
            [.. row.Storages.Select(s => ReadAddress(s))],
            [.. row.Volumes.Select(static v => VolumeId.Read(v.Span))],
            [.. row.Rates.Select(rate => ReadRate(rate, what))])
        {
            PausedVolumes = [.. row.PausedVolumes.Select(static v => VolumeId.Read(v.Span))],
        };
    }

    private static RateRule ReadRate(RateRow row, string what)
    {
        Check(row is { Up: <= long.MaxValue, Down: <= long.MaxValue, FromMinute: < DayHours.MinutesPerDay, ToMinute: < DayHours.MinutesPerDay }, what, "a limit of its rates is out of bounds");
        var limits = new RateLimits(row.Up == 0 ? null : (long)row.Up, row.Down == 0 ? null : (long)row.Down);
        return new RateRule(limits, row.FromMinute == row.ToMinute ? null : new DayHours((int)row.FromMinute, (int)row.ToMinute));
    }

    /// <summary>An address that cannot be read takes away one storage, and not the node.</summary>
    private static StorageAddress ReadAddress(string text) => StorageAddress.TryParse(text, out StorageAddress? address) ? address : new StorageAddress.UnreadableStorage(text);

    private static byte[] WriteSecret(ReadOnlySpan<byte> secret, Func<ByteString, IMessage> rowOf)
    {
        byte[] copy = secret.ToArray();
        try
        {
            return rowOf(UnsafeByteOperations.UnsafeWrap(copy)).ToByteArray();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    private static byte[] ReadSecret<T>(MessageParser<T> parser, byte[] owned, string what, Func<T, uint> versionOf, Func<T, ByteString> secretOf)
        where T : IMessage<T>
    {
        try
        {
            T row = Parse(parser, owned, what);
            ByteString secret = secretOf(row);
            try
            {
                CheckVersion(versionOf(row), what);
                Check(secret.Length == SecretSize, what, $"it has {secret.Length} bytes");
                return secret.ToByteArray();
            }
            finally
            {
                // The message's own copy. It is meant to be immutable, but nobody else has it.
                if (MemoryMarshal.TryGetArray(secret.Memory, out ArraySegment<byte> bytes)) CryptographicOperations.ZeroMemory(bytes);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(owned);
        }
    }

    private static T Parse<T>(MessageParser<T> parser, byte[] value, string what)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(value);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw Damaged(what, e.Message, e);
        }
    }

    private static void CheckVersion(uint version, string what)
    {
        Check(version != 0, what, "it has no version");
        if (version > Version)
        {
            throw new CommandFailedException(
                ErrorKind.TooNew, $"the record of {what} has version {version}, this program knows versions up to {Version}", "use a newer bazil");
        }
    }

    private static void Check(bool condition, string what, string reason)
    {
        if (!condition) throw Damaged(what, reason, null);
    }

    private static CommandFailedException Damaged(string what, string reason, Exception? inner) =>
        new(ErrorKind.Damaged, $"the record of {what} in the database is damaged: {reason}", "restore the data directory from a backup", inner);
}
