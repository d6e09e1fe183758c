using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>
/// Defects of the original program that concern synchronisation and do not occur here. Others have their tests where the
/// mechanism is: truncation with the blobs, large objects with the peers, spurious conflicts with the scenarios, directories,
/// statfs and dead mounts with the real mounts.
/// </summary>
public sealed class OriginalDefectTests
{
    [Fact]
    public async Task Serving_pulls_and_changing_files_at_the_same_time_do_not_wait_for_each_other()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Task writer = Task.Run(async () =>
        {
            for (int round = 0; round < 300; round++) await a.WriteAsync($"f{round % 20}", $"text {round}");
        });
        int pulls = 0;
        while (!writer.IsCompleted)
        {
            await b.Volume.PullAsync(new MemoryLink(b, a, int.MaxValue), limit.Token);
            pulls++;
        }

        await writer.WaitAsync(limit.Token);
        Assert.True(pulls > 0);
        await world.SettleAsync();
        Assert.Equal("text 299", await b.ReadAsync("f19"));
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task A_changed_subdirectory_does_not_keep_its_directory_from_being_pulled()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        a.MakeDirectory("d");
        a.MakeDirectory("d/e");
        await b.PullAsync(a);
        await a.WriteAsync("d/e/f", "x");
        a.Chmod("d/e", 0x1C0);
        await b.PullAsync(a);
        Assert.Equal("x", await b.ReadAsync("d/e/f"));
        Assert.Equal(0x41C0u, b.Stat("d/e").Mode);
    }

    [Fact]
    public async Task An_empty_answer_is_an_error_with_a_name()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        SyncException error = await Assert.ThrowsAsync<SyncException>(() => a.Volume.PullAsync(new SilentLink(b.Id), CancellationToken.None));
        Assert.Contains("cut off", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_open_for_writing_is_postponed_only_when_there_is_something_to_show()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await b.PullAsync(a);
        FuseHandle writer = await b.OpenForWritingAsync("f", truncate: false);
        await a.WriteAsync("g", "y");
        Assert.Equal(0, (await b.PullAsync(a)).Postponed);
        await b.CloseAsync(writer);
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task A_replaced_type_does_not_abort_the_batch()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("n", "x");
        a.MakeDirectory("m");
        await b.PullAsync(a);
        a.Unlink("n");
        a.MakeDirectory("n");
        Assert.Equal(Errno.OK, a.RemoveDirectory("m"));
        await a.WriteAsync("m", "y");
        await a.WriteAsync("z", "last");
        await b.PullAsync(a);
        Assert.True(FuseMode.IsDirectory(b.Stat("n").Mode));
        Assert.Equal("y", await b.ReadAsync("m"));
        Assert.Equal("last", await b.ReadAsync("z"));
    }

    [Fact]
    public async Task An_alternate_is_found_by_its_own_name_only()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        await a.WriteAsync("f", "y");
        await b.WriteAsync("f", "z");
        await world.SpreadAsync();
        FileName name = FileName.Parse("f");
        Assert.Single(a.Volume.ListAlternates(InodeId.Root, name));
        Assert.StartsWith("B@", a.Volume.ListAlternates(InodeId.Root, name)[0].Label.ToString(), StringComparison.Ordinal);
        Assert.Empty(a.Volume.ListAlternates(InodeId.Root, FileName.Parse("other")));
        Assert.Equal(Errno.ENOENT, a.Volume.DropAlternate(InodeId.Root, name, FileName.Parse("wrong")));
    }

    private sealed class SilentLink(PeerId peer) : IVolumeLink
    {
        public PeerId Peer => peer;

        public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
        {
            await Task.CompletedTask;
            yield break;
        }
    }
}
