using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Tests.Session;

public sealed class AllocationTests
{
    [Theory]
    [InlineData((uint)Opcode.Lookup)]
    [InlineData((uint)Opcode.GetAttr)]
    [InlineData((uint)Opcode.Read)]
    [InlineData((uint)Opcode.Write)]
    public void A_handler_that_completes_at_once_costs_no_managed_memory(uint opcode)
    {
        using var harness = new DispatcherHarness();
        var all = RequestBytes.All().ToDictionary(request => request.Opcode, request => request.Bytes);
        harness.Ask(all[Opcode.Create]);
        harness.Ask(all[Opcode.Write]);
        harness.Channel.CountOnly = true;
        var bytes = all[(Opcode)opcode];
        for (var i = 0; i < 200; i++) harness.Feed(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) harness.Feed(bytes);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
