using System.Text;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Collection;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Collection;

// Members that were removed, and what others got from them before they heard of it.
public sealed partial class GarbageRunTests
{
    /// <summary>C edits a file of A whose removal it has not heard of. B vouched for the removal before it got the edit, so that word says nothing of it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Edit_that_a_member_got_from_one_that_was_removed_keeps_its_chunks(bool isStartedAnew)
    {
        await using World world = await World.CreateAsync(3, hasOwnStores: true);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("file", Text('x', ChunkBytes) + "tail");
        await c.PullAsync(a);
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await a.CollectAsync(Pace.Full, Cancel);
        await b.PullAsync(a);
        await a.PullAsync(b);
        FuseHandle handle = await c.OpenForWritingAsync("file", truncate: false);
        await c.Volume.WriteAsync(handle, ChunkBytes, Encoding.UTF8.GetBytes("edit"), Cancel);
        await c.CloseAsync(handle);
        await b.PullAsync(c);

        a.Volume.RemoveMember(c.Id);
        if (isStartedAnew) await a.RestartAsync();
        SweepOrder? order = null;
        GarbageReport report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.Equal(0, report.Sweep.Deleted.Objects);
        Assert.Equal([b.Id], Assert.Single(report.Blocked).Agreement.Behind);
        Assert.False(order!.IsRipe(1));

        await b.PullAsync(a);
        await a.PullAsync(b);
        report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.Empty(report.Blocked);
        await CollectTwiceAsync(a);
        Assert.Equal(Text('x', ChunkBytes) + "edit", await b.ReadAsync("file"));
    }
}
