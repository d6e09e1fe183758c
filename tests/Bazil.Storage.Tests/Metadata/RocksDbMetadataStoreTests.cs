using Bazil.Core;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

public sealed class RocksDbMetadataStoreTests : MetadataStoreContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    protected override IMetadataStore CreateStore() => RocksDbMetadataStore.Create(_directory["db"], TimeProvider.System);

    [Fact]
    public void Content_is_found_again()
    {
        using (IMetadataStore store = CreateStore()) Put(store, "a", "1");
        using RocksDbMetadataStore again = RocksDbMetadataStore.Open(_directory["db"], TimeProvider.System);
        Assert.Equal("a=1", Dump(again));
    }

    [Fact]
    public void Second_opener_learns_that_it_is_locked()
    {
        using IMetadataStore store = CreateStore();
        MetadataException exception = Fails(MetadataFailure.Locked, () => RocksDbMetadataStore.Open(_directory["db"], TimeProvider.System));
        Assert.Contains(_directory["db"], exception.Message);
        Assert.Contains("another process has it open", exception.Message);
    }

    [Fact]
    public void Missing_database_is_not_made_up()
    {
        Fails(MetadataFailure.Missing, () => RocksDbMetadataStore.Open(_directory["db"], TimeProvider.System));
        Assert.False(Directory.Exists(_directory["db"]));
    }

    [Fact]
    public void Existing_database_is_not_created_again()
    {
        using (IMetadataStore store = CreateStore()) Put(store, "a", "1");
        Fails(MetadataFailure.Exists, () => CreateStore());
    }

    [Fact]
    public void Lost_CURRENT_is_damage_and_nothing_is_overwritten()
    {
        using (IMetadataStore store = CreateStore()) Put(store, "a", "1");
        File.Delete(Path.Combine(_directory["db"], "CURRENT"));
        Fails(MetadataFailure.Damaged, () => RocksDbMetadataStore.Open(_directory["db"], TimeProvider.System));
        Fails(MetadataFailure.Damaged, () => CreateStore());
    }

    [Fact]
    public void Parent_that_does_not_exist_is_an_error_that_names_it()
    {
        MetadataException exception = Assert.Throws<MetadataException>(
            () => RocksDbMetadataStore.Create(_directory["no/db"], TimeProvider.System));
        Assert.Contains(_directory["no/db"], exception.Message);
    }

    [Fact]
    public void Database_is_its_owners_alone()
    {
        using IMetadataStore store = CreateStore();
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["db"]));
    }

    [Fact]
    public void Open_cursor_keeps_the_database_alive_past_its_store()
    {
        IMetadataStore store = CreateStore();
        Put(store, "a", "1");
        IMetadataCursor cursor = store.Scan(default, default);
        store.Dispose();
        Assert.True(cursor.MoveNext());
        Assert.Equal("a"u8.ToArray(), cursor.Key.ToArray());
        Assert.Throws<ObjectDisposedException>(() => store.Get("a"u8));
        Assert.Throws<ObjectDisposedException>(() => Put(store, "b", "1"));
        Assert.Throws<ObjectDisposedException>(() => store.Scan(default, default));
        Assert.Throws<ObjectDisposedException>(store.Snapshot);
        Assert.Throws<ObjectDisposedException>(store.Sync);
        cursor.Dispose();
        RocksDbMetadataStore.Open(_directory["db"], TimeProvider.System).Dispose();
    }

    [Fact]
    public void Library_that_is_not_there_is_named_with_its_package()
    {
        NativeLibraryMissingException exception = Assert.Throws<NativeLibraryMissingException>(
            () => RocksDbLibrary.Load(["librocksdb.so.0.0"]));
        Assert.Contains("install the package librocksdb", exception.Message);
    }

    [Theory]
    [InlineData("ID=debian\nVERSION_ID=\"12\"\n", "librocksdb7.8")]
    [InlineData("NAME=x\nVERSION_ID=\"13\"\nID=debian", "librocksdb9.10")]
    [InlineData("ID=ubuntu\nVERSION_ID=\"24.04\"", "librocksdb8.9")]
    public void Package_is_the_distributions(string osRelease, string package) =>
        Assert.Equal(package, RocksDbLibrary.PackageFor(osRelease));

    [Fact]
    public void Oldest_candidate_is_7_8_and_newer_ones_come_first()
    {
        System.Version[] versions = [.. RocksDbLibrary.Candidates.Select(name => System.Version.Parse(name["librocksdb.so.".Length..]))];
        Assert.Equal(new System.Version(7, 8), versions[^1]);
        Assert.Equal(versions.OrderDescending(), versions);
    }

    [Theory]
    [InlineData("IO error: No space left on device: While appending to file: /db/000004.log: No space left on device", MetadataFailure.DiskFull)]
    [InlineData("IO error: While lock file: /db/LOCK: Resource temporarily unavailable", MetadataFailure.Locked)]
    [InlineData("Corruption: block checksum mismatch", MetadataFailure.Damaged)]
    [InlineData("IO error: No such file or directory: While open a file for random read: /db/000010.sst: No such file or directory", MetadataFailure.Damaged)]
    [InlineData("IO error: While fsync: /db/000004.log: Input/output error", MetadataFailure.Io)]
    [InlineData("Not implemented: Compression type", MetadataFailure.Unsupported)]
    public void Status_text_gives_the_failure(string status, MetadataFailure failure)
    {
        MetadataException exception = RocksDbStatus.ToException(status, "open", "/db");
        Assert.Equal(failure, exception.Failure);
        Assert.StartsWith("cannot open the metadata database /db: ", exception.Message);
    }

    private static MetadataException Fails(MetadataFailure failure, Func<IMetadataStore> open)
    {
        MetadataException exception = Assert.Throws<MetadataException>(() => open().Dispose());
        Assert.Equal(failure, exception.Failure);
        return exception;
    }
}
