using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Repair;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Epochs;

/// <summary>Rotation of the sharing key, on several machines in one process.</summary>
public sealed class KeyRotationTests
{
    private static readonly string Old = new('o', 300_000), New = new('n', 300_000);

    [Fact]
    public async Task Member_that_has_the_key_reads_content_of_both_epochs()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("old", Old);
        SharingKey key = a.Rotate();
        await a.WriteAsync("new", New);
        Assert.Equal(new KeyEpoch(2, key.Fingerprint).Number, ManifestOf(a, "new").KeyEpoch);
        Assert.Equal(KeyEpoch.FoundingNumber, ManifestOf(a, "old").KeyEpoch);

        b.AddKey(key);
        await b.PullAsync(a);
        Assert.Equal(key.Fingerprint, b.Keys.Newest.Key);
        Assert.Equal(Old, await b.ReadAsync("old"));
        Assert.Equal(New, await b.ReadAsync("new"));
    }

    [Fact]
    public async Task Member_without_the_new_key_gets_nothing_until_it_is_added()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        SharingKey key = a.Rotate();
        await a.WriteAsync("f", "x");
        await Assert.ThrowsAsync<KeyNotProvedException>(() => b.PullAsync(a));
        Assert.False(b.Exists("f"));
        Assert.Equal(MemberRotation.Unaware, StateOf(a, b));

        // Nor does the one who is ahead take from the one who is behind.
        await Assert.ThrowsAsync<KeyNotProvedException>(() => a.PullAsync(b));
        b.AddKey(key);
        await b.PullAsync(a);
        Assert.Equal("x", await b.ReadAsync("f"));
        await a.PullAsync(b);
        Assert.Equal(MemberRotation.Working, StateOf(a, b));
    }

    [Fact]
    public async Task Content_whose_key_is_missing_names_the_key_and_is_read_as_soon_as_it_is_added()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        (SharingKey ofA, SharingKey ofB) = (a.Rotate(), b.Rotate());
        (Replica older, Replica newer) = new KeyEpoch(2, ofA.Fingerprint).CompareTo(new KeyEpoch(2, ofB.Fingerprint)) < 0 ? (a, b) : (b, a);
        (SharingKey olderKey, SharingKey newerKey) = older == a ? (ofA, ofB) : (ofB, ofA);
        await older.WriteAsync("f", Old);

        // The one with the older epoch gets the newer key; the other then gets its metadata without having the older key.
        older.AddKey(newerKey);
        await older.PullAsync(newer);
        await newer.PullAsync(older);
        Assert.True(newer.Exists("f"));
        var missing = await Assert.ThrowsAsync<KeyMissingException>(() => newer.ReadAsync("f"));
        Assert.Equal(olderKey.Fingerprint, missing.Key);
        Assert.Contains("bazil sharing add", missing.Message);
        Assert.Equal(Errno.ENOKEY, VolumeFileSystem.MapException(missing));
        Assert.Equal([olderKey.Fingerprint], newer.Volume.DescribeRotation().Missing);
        Assert.Contains(newer.Log, line => line.Contains($"{olderKey.Fingerprint}"));

        newer.AddKey(olderKey);
        Assert.Equal(Old, await newer.ReadAsync("f"));
        await world.FinishRotationAsync();
    }

    [Fact]
    public async Task Two_members_who_rotate_at_once_agree_on_the_newest_epoch()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        SharingKey ofA = a.Rotate(), ofB = b.Rotate();
        foreach (Replica replica in world.Replicas)
        {
            replica.AddKey(ofA);
            replica.AddKey(ofB);
        }

        await world.SettleAsync();
        KeyFingerprint newest = ofA.Fingerprint.CompareTo(ofB.Fingerprint) > 0 ? ofA.Fingerprint : ofB.Fingerprint;
        Assert.All(world.Replicas, replica => Assert.Equal(newest, replica.Keys.Newest.Key));
        Assert.All(world.Replicas, replica => Assert.Equal(3, replica.Keys.Epochs.Epochs.Count));
        await c.WriteAsync("f", New);
        Assert.Equal(world.Replicas[2].Keys.Newest.Number, ManifestOf(c, "f").KeyEpoch);
        await world.FinishRotationAsync();
    }

    [Fact]
    public async Task Two_members_who_seal_the_same_content_anew_do_not_conflict()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", Old);
        await RotateAsync(world);
        await a.ResealAsync();
        await b.ResealAsync();
        Assert.Equal(a.Keys.Newest.Number, ManifestOf(a, "f").KeyEpoch);
        Assert.Equal(a.Keys.Newest.Number, ManifestOf(b, "f").KeyEpoch);
        await world.SettleAsync();
        Assert.Empty(a.Alternates("f"));
        Assert.Equal(0, b.Volume.CountConflicts());
        Assert.Equal(Old, await b.ReadAsync("f"));
    }

    [Fact]
    public async Task Edit_beside_a_rewrite_wins_without_a_conflict()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", Old);
        await world.SpreadAsync();
        await RotateAsync(world);
        await a.ResealAsync();
        await b.WriteAsync("f", New);
        await world.SettleAsync();
        Assert.Equal(New, await a.ReadAsync("f"));
        Assert.Equal(0, a.Volume.CountConflicts());
        await world.FinishRotationAsync();
        Assert.Equal(New, await b.ReadAsync("f"));
    }

    [Fact]
    public async Task Part_of_a_file_written_after_the_rotation_is_sealed_under_the_new_key_alone()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        await a.WriteAsync("f", Old);
        SharingKey key = a.Rotate();
        FuseHandle writer = await a.OpenForWritingAsync("f", truncate: false);
        await a.WriteAsync(writer, New[..1000]);
        await a.CloseAsync(writer);
        Manifest manifest = ManifestOf(a, "f");
        Assert.Equal(KeyEpoch.FoundingNumber, manifest.KeyEpoch);
        Assert.Equal(New[..1000] + Old[1000..], await a.ReadAsync("f"));

        // Who has the old key alone can open nothing that was written since.
        a.RemoveKey(key);
        await Assert.ThrowsAnyAsync<IOException>(() => a.ReadAsync("f"));
        a.AddKey(key);
        await world.FinishRotationAsync();
        Assert.Equal(New[..1000] + Old[1000..], await a.ReadAsync("f"));
    }

    [Fact]
    public async Task Old_epoch_retires_when_every_member_has_said_that_it_needs_it_no_more()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", Old);
        await world.SpreadAsync();
        SharingKey key = a.Rotate();
        Assert.Contains("has not retired", a.Volume.NeedOf(world.SharingKey.Fingerprint));
        b.AddKey(key);
        await a.ResealAsync();
        await b.PullAsync(a);
        await b.ResealAsync();
        await a.PullAsync(b);
        Assert.True(await a.ResealAsync());
        Assert.Equal([MemberRotation.Done, MemberRotation.Done, MemberRotation.Unaware], [StateOf(a, a), StateOf(a, b), StateOf(a, c)]);
        Assert.Equal(2, a.Keys.Epochs.Epochs.Count);

        c.AddKey(key);
        await c.PullAsync(b);
        await c.ResealAsync();
        await a.PullAsync(c);
        Assert.False(await a.ResealAsync());
        Assert.Equal(key.Fingerprint, Assert.Single(a.Keys.Epochs.Epochs).Key);
        Assert.Null(a.Volume.NeedOf(world.SharingKey.Fingerprint));
        await world.FinishRotationAsync();
        Assert.Equal(Old, await c.ReadAsync("f"));
    }

    [Fact]
    public async Task Removed_member_does_not_hold_up_a_rotation_and_gets_nothing_of_it()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", Old);
        await world.SpreadAsync();
        a.Volume.RemoveMember(b.Id);
        a.Rotate();
        await a.WriteAsync("secret", New);
        Assert.False(await a.ResealAsync());
        Assert.Single(a.Keys.Epochs.Epochs);
        await Assert.ThrowsAnyAsync<IOException>(() => b.PullAsync(a));
        Assert.False(b.Exists("secret"));
    }

    [Fact]
    public async Task Snapshot_is_read_with_the_old_key_and_keeps_its_epoch_from_retiring()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", Old);
        Assert.Equal(Errno.OK, await a.Volume.TakeSnapshotAsync(FileName.Parse("before"), CancellationToken.None));
        a.Rotate();
        Assert.True(await a.ResealAsync());
        Assert.Equal(["before"], a.Volume.DescribeRotation().OldSnapshots);
        Assert.Equal(0, a.Volume.DescribeRotation().OldFiles);

        Snapshot snapshot = await a.Volume.SnapshotReader.OpenAsync(a.Volume.FindSnapshot(FileName.Parse("before"))!.Key, CancellationToken.None);
        SnapshotEntry entry = (await snapshot.FindAsync([FileName.Parse("f")], CancellationToken.None))!;
        await using (SnapshotContent content = SnapshotContent.Open(a.Volume.Blobs, entry))
        {
            byte[] buffer = new byte[Old.Length];
            Assert.Equal(buffer.Length, await content.ReadAsync(0, buffer, CancellationToken.None));
            Assert.Equal((byte)'o', buffer[^1]);
        }

        Assert.Equal(Errno.OK, await a.Volume.TakeSnapshotAsync(FileName.Parse("after"), CancellationToken.None));
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("before")));
        Assert.False(await a.ResealAsync());
        Assert.Single(a.Keys.Epochs.Epochs);
    }

    [Fact]
    public async Task Snapshot_that_takes_over_content_of_an_old_epoch_keeps_that_epoch_too()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", Old);
        a.Rotate();
        Assert.Equal(Errno.OK, await a.Volume.TakeSnapshotAsync(FileName.Parse("first"), CancellationToken.None));
        await a.WriteAsync("beside", "x");
        Assert.Equal(Errno.OK, await a.Volume.TakeSnapshotAsync(FileName.Parse("second"), CancellationToken.None));
        Assert.Equal(["first", "second"], a.Volume.DescribeRotation().OldSnapshots);
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("first")));
        Assert.True(await a.ResealAsync());
        Assert.Equal(["second"], a.Volume.DescribeRotation().OldSnapshots);
        Assert.Equal(2, a.Keys.Epochs.Epochs.Count);
    }

    [Fact]
    public async Task Repair_that_writes_the_tree_anew_keeps_all_keys_in_use()
    {
        await using World world = await World.CreateAsync(2);
        Replica a = world.Replicas[0];
        await a.WriteAsync("old", Old);
        SharingKey key = a.Rotate();
        await a.WriteAsync("new", New);
        VolumeRepairReport report = await a.RepairAsync(new MetadataSalvage(1, [], ["000001.sst"], WasRebuilt: false));
        Assert.True(report.WasWrittenAnew);
        Assert.Contains(a.Keys.RequireAll(), held => held.Fingerprint == key.Fingerprint);
        Assert.Equal(2, a.Keys.RequireAll().Count);
        Assert.Equal(Old, await a.ReadAsync("old"));
        Assert.Equal(New, await a.ReadAsync("new"));
        Assert.Equal((0UL, world.Replicas[1].Id), (a.Agreement().Generation, Assert.Single(a.Agreement().Behind)));
        world.Replicas[1].AddKey(key);
        await a.PullAsync(world.Replicas[1]);
        await world.Replicas[1].PullAsync(a);
        await a.PullAsync(world.Replicas[1]);
        Assert.Equal(MemberAgreement.All, a.Agreement().Generation);
        Assert.Equal(New, await a.ReadAsync("new"));
    }

    [Fact]
    public async Task File_that_a_program_is_writing_keeps_the_old_epoch_until_it_is_closed()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", Old);
        FuseHandle writer = await a.OpenForWritingAsync("f", truncate: false);
        await a.WriteAsync(writer, "begin");
        a.Rotate();
        Assert.True(await a.ResealAsync());
        Assert.Equal(1, a.Volume.DescribeRotation().OldOpenFiles);
        await a.CloseAsync(writer);
        Assert.False(await a.ResealAsync());
        await world.FinishRotationAsync();
        Assert.Equal("begin" + Old[5..], await a.ReadAsync("f"));
    }

    [Fact]
    public async Task Rewrite_that_is_cut_off_by_a_power_cut_goes_on_where_it_was()
    {
        await using World world = await World.CreateAsync(1, seed: 3);
        Replica a = world.Replicas[0];
        int files = (2 * Limits.ResealBatch) + 10;
        for (int index = 0; index < files; index++) await a.WriteAsync($"f{index}", $"{index}" + Old[..5000]);
        a.Rotate();
        await a.Volume.SyncAsync(CancellationToken.None);
        int written = 0;
        var cut = await Assert.ThrowsAsync<IOException>(() => a.Volume.ResealAsync(
            (_, _) => ++written > Limits.ResealBatch + 100 ? throw new IOException("power failed") : ValueTask.CompletedTask, CancellationToken.None));
        Assert.Equal("power failed", cut.Message);
        Assert.InRange(a.Volume.DescribeRotation().PercentSeen, 1, 99);
        a.PowerCut(world.Random);
        Assert.Equal(2, a.Keys.Epochs.Epochs.Count);
        await world.FinishRotationAsync();
        for (int index = 0; index < files; index++) Assert.Equal($"{index}" + Old[..5000], await a.ReadAsync($"f{index}"));
    }

    [Fact]
    public async Task Machine_back_from_a_backup_seals_what_it_wrote_under_a_retired_epoch()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", Old);
        await world.SettleAsync();
        var backup = b.Backup();
        await RotateAsync(world);
        await world.FinishRotationAsync();
        b.Restore(backup);
        foreach (SharingKey key in world.Keys) b.AddKey(key);
        await b.WriteAsync("late", New);
        Assert.Equal(KeyEpoch.FoundingNumber, ManifestOf(b, "late").KeyEpoch);
        await world.FinishRotationAsync();
        Assert.Equal(New, await a.ReadAsync("late"));
    }

    [Fact]
    public async Task Rotation_that_makes_no_sense_is_refused()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        Assert.Throws<KeyRotationException>(() => a.Volume.Rotate(world.SharingKey.Fingerprint));
        Assert.Throws<KeyMissingException>(() => a.Volume.Rotate(new KeyFingerprint(42)));
        SharingKey key = a.Rotate();
        Assert.Throws<KeyRotationException>(() => a.Volume.Rotate(key.Fingerprint));
        a.RemoveKey(key);
        using SharingKey third = SharingKey.Generate(world.Entropy);
        a.AddKey(third);
        Assert.Throws<KeyMissingException>(() => a.Volume.Rotate(third.Fingerprint));
    }

    private static Manifest ManifestOf(Replica replica, string path) => StateReader.Records(replica.Metadata)
        .Single(record => record.Places() is [var place, ..] && place.Place.Name.ToString() == path).ShownContent!.Value.Value.Manifest;

    private static MemberRotation StateOf(Replica seenFrom, Replica member) =>
        seenFrom.Volume.DescribeRotation().Members.Single(entry => entry.Key == member.Id).Value;

    /// <summary>The first machine rotates, all others get the key and hear of it.</summary>
    private static async Task RotateAsync(World world)
    {
        SharingKey key = world.Replicas[0].Rotate();
        foreach (Replica replica in world.Replicas) replica.AddKey(key);
        await world.SpreadAsync();
    }
}
