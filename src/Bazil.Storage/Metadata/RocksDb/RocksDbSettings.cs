namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// The options a database is opened with. Chosen by measurement (<c>docs/metadata.md</c>); each value says what it is for.
/// Called once per open, so the setters are looked up by name instead of being kept in <see cref="RocksDbApi"/>.
/// </summary>
internal sealed unsafe class RocksDbSettings(RocksDbApi api)
{
    private const byte On = 1;
    private const byte Off = 0;

    /// <summary>What an interrupted write leaves at the end of the log is dropped, and nothing after it is replayed: a prefix.</summary>
    private const int PointInTimeRecovery = 2;

    private const int Lz4 = 4;
    private const int TwoLevelIndex = 2;
    private const int LogWarningsOnly = 2;
    private const double BloomBitsPerKey = 10;
    private const ulong MiB = 1024 * 1024;

    /// <summary>Blocks, indexes and filters of tables.</summary>
    internal const long BlockCacheBytes = 64 << 20;

    /// <summary>What was committed since a table was written last.</summary>
    internal const long WriteBufferBytes = 16 << 20;
    internal const int WriteBufferCount = 3;
    internal const int OpenFilesMax = 512;

    /// <summary>Creates options that open an existing database, or that create one where there must be none.</summary>
    internal RocksDbObject Create(bool create)
    {
        nint options = ((delegate* unmanaged[Cdecl]<nint>)api.Export("rocksdb_options_create"))();
        var owner = new RocksDbObject(options, (delegate* unmanaged[Cdecl]<nint, void>)api.Export("rocksdb_options_destroy"));
        SetByte(options, "create_if_missing", create ? On : Off);
        SetByte(options, "error_if_exists", create ? On : Off);
        SetLog(options);
        SetTree(options);
        SetTable(options);
        return owner;
    }

    /// <summary>Options that open what there is of a damaged copy, and move nothing about in it.</summary>
    internal RocksDbObject CreateForSalvage()
    {
        RocksDbObject options = Create(create: false);
        SetByte(options.Value, "paranoid_checks", Off);
        SetInt(options.Value, "disable_auto_compactions", On);
        return options;
    }

    private void SetLog(nint options)
    {
        SetByte(options, "manual_wal_flush", Off); // on would lose acknowledged commits at kill -9 and gains nothing
        SetByte(options, "enable_pipelined_write", Off);
        SetInt(options, "wal_recovery_mode", PointInTimeRecovery);
        SetUlong(options, "max_total_wal_size", 128 * MiB);
        SetUlong(options, "bytes_per_sync", MiB);     // spread write-back, so that a sync finds little to do
        SetUlong(options, "wal_bytes_per_sync", MiB);

        // RocksDB's own diary, the file LOG: only warnings, at most 4 x 4 MB.
        SetInt(options, "info_log_level", LogWarningsOnly);
        SetSize(options, "keep_log_file_num", 4);
        SetSize(options, "max_log_file_size", (nuint)(4 * MiB));

        // Nobody reads its statistics, and it would wake for them. Its diary it looks after every 10 s, which cannot be set.
        SetUint(options, "stats_dump_period_sec", 0);
        SetUint(options, "stats_persist_period_sec", 0);
    }

    private void SetTree(nint options)
    {
        SetSize(options, "write_buffer_size", (nuint)WriteBufferBytes);
        SetInt(options, "max_write_buffer_number", WriteBufferCount);
        SetInt(options, "max_background_jobs", 2);
        SetInt(options, "max_open_files", OpenFilesMax);
        SetInt(options, "compression", Lz4);
        SetByte(options, "level_compaction_dynamic_level_bytes", On);

        // A scan over a directory that was just emptied walks its tombstones: compact where they cluster.
        var collector = (delegate* unmanaged[Cdecl]<nint, nuint, nuint, void>)
            api.Export("rocksdb_options_add_compact_on_deletion_collector_factory");
        collector(options, 8192, 4096);
    }

    private void SetTable(nint options)
    {
        nint table = ((delegate* unmanaged[Cdecl]<nint>)api.Export("rocksdb_block_based_options_create"))();
        using var owner = new RocksDbObject(
            table, (delegate* unmanaged[Cdecl]<nint, void>)api.Export("rocksdb_block_based_options_destroy"));
        using RocksDbObject cache = CreateCache();
        const string prefix = "rocksdb_block_based_options_set_";
        ((delegate* unmanaged[Cdecl]<nint, nint, void>)api.Export(prefix + "block_cache"))(table, cache.Value);

        // The table takes the filter policy over.
        nint filter = ((delegate* unmanaged[Cdecl]<double, nint>)api.Export("rocksdb_filterpolicy_create_bloom_full"))(BloomBitsPerKey);
        ((delegate* unmanaged[Cdecl]<nint, nint, void>)api.Export(prefix + "filter_policy"))(table, filter);

        // Pinned, so that a newer library still writes what an older one can read.
        ((delegate* unmanaged[Cdecl]<nint, int, void>)api.Export(prefix + "format_version"))(table, 5);

        // Index and filters in small parts inside the cache, only their top level pinned: bounded memory at any size.
        ((delegate* unmanaged[Cdecl]<nint, int, void>)api.Export(prefix + "index_type"))(table, TwoLevelIndex);
        ((delegate* unmanaged[Cdecl]<nint, ulong, void>)api.Export(prefix + "metadata_block_size"))(table, 4096);
        foreach (string name in (ReadOnlySpan<string>)
            ["partition_filters", "pin_top_level_index_and_filter", "pin_l0_filter_and_index_blocks_in_cache", "cache_index_and_filter_blocks"])
        {
            ((delegate* unmanaged[Cdecl]<nint, byte, void>)api.Export(prefix + name))(table, On);
        }

        ((delegate* unmanaged[Cdecl]<nint, nint, void>)api.Export("rocksdb_options_set_block_based_table_factory"))(options, table);
    }

    /// <summary>64 MB in 4 shards: with the default of 64 shards, large blocks evict each other.</summary>
    private RocksDbObject CreateCache()
    {
        const string prefix = "rocksdb_lru_cache_options_";
        nint options = ((delegate* unmanaged[Cdecl]<nint>)api.Export(prefix + "create"))();
        using var owner = new RocksDbObject(options, (delegate* unmanaged[Cdecl]<nint, void>)api.Export(prefix + "destroy"));
        ((delegate* unmanaged[Cdecl]<nint, nuint, void>)api.Export(prefix + "set_capacity"))(options, (nuint)BlockCacheBytes);
        ((delegate* unmanaged[Cdecl]<nint, int, void>)api.Export(prefix + "set_num_shard_bits"))(options, 2);
        nint cache = ((delegate* unmanaged[Cdecl]<nint, nint>)api.Export("rocksdb_cache_create_lru_opts"))(options);
        return new RocksDbObject(cache, (delegate* unmanaged[Cdecl]<nint, void>)api.Export("rocksdb_cache_destroy"));
    }

    private nint Setter(string name) => api.Export("rocksdb_options_set_" + name);

    private void SetByte(nint options, string name, byte value) =>
        ((delegate* unmanaged[Cdecl]<nint, byte, void>)Setter(name))(options, value);

    private void SetInt(nint options, string name, int value) =>
        ((delegate* unmanaged[Cdecl]<nint, int, void>)Setter(name))(options, value);

    private void SetUint(nint options, string name, uint value) =>
        ((delegate* unmanaged[Cdecl]<nint, uint, void>)Setter(name))(options, value);

    private void SetUlong(nint options, string name, ulong value) =>
        ((delegate* unmanaged[Cdecl]<nint, ulong, void>)Setter(name))(options, value);

    private void SetSize(nint options, string name, nuint value) =>
        ((delegate* unmanaged[Cdecl]<nint, nuint, void>)Setter(name))(options, value);
}
