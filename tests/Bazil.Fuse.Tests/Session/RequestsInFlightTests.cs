using Bazil.Fuse.Kernel;
using Bazil.Fuse.Session;

namespace Bazil.Fuse.Tests.Session;

public sealed class RequestsInFlightTests
{
    [Fact]
    public void An_interrupt_finds_its_request()
    {
        var inFlight = new RequestsInFlight();
        using var request = Request(4);
        Assert.True(inFlight.TryBegin(request, out var early));
        Assert.Null(early);
        Assert.NotNull(inFlight.Interrupt(4));
        Assert.Null(inFlight.Interrupt(4));
        inFlight.End(request);
    }

    [Fact]
    public void An_interrupt_that_overtook_its_request_is_kept_for_it()
    {
        var inFlight = new RequestsInFlight();
        Assert.Null(inFlight.Interrupt(4));
        using var request = Request(4);
        Assert.True(inFlight.TryBegin(request, out var early));
        Assert.NotNull(early);
    }

    [Fact]
    public void An_interrupt_that_comes_too_late_cancels_nobody_else()
    {
        var inFlight = new RequestsInFlight();
        using var request = Request(4);
        inFlight.TryBegin(request, out _);
        inFlight.End(request);
        Assert.Null(inFlight.Interrupt(4));
        request.Reset();
        using var next = Request(6);
        Assert.True(inFlight.TryBegin(next, out var early));
        Assert.Null(early);
    }

    [Fact]
    public void Early_interrupts_are_bounded()
    {
        var inFlight = new RequestsInFlight();
        for (var unique = 2ul; unique < 20_000; unique += 2) inFlight.Interrupt(unique);
        using var request = Request(2);
        inFlight.TryBegin(request, out var early);
        Assert.Null(early);
    }

    [Fact]
    public void Ending_hands_out_every_request_and_waits_for_the_last()
    {
        var inFlight = new RequestsInFlight();
        using var first = Request(2);
        using var second = Request(4);
        inFlight.TryBegin(first, out _);
        inFlight.TryBegin(second, out _);
        Assert.Equal(2, inFlight.EndAll(out var idle).Count);
        inFlight.End(first);
        Assert.False(idle.IsCompleted);
        inFlight.End(second);
        Assert.True(idle.IsCompleted);
    }

    private static FuseRequest Request(ulong unique)
    {
        var request = new FuseRequest(8192);
        var bytes = RequestBytes.Make(Opcode.ReadLink, unique, 1);
        bytes.CopyTo(request.Buffer.GetSpan());
        Assert.True(request.TryBegin(new RecordingChannel(), bytes.Length));
        return request;
    }
}
