using Bazil.Fuse.Transport.Uring;

namespace Bazil.Fuse.Tests.Transport;

public sealed class UringTransportTests
{
    [Theory]
    [InlineData("0\n", 1)]
    [InlineData("0-1\n", 2)]
    [InlineData("0-3,8,10-11", 7)]
    public void Processors_are_counted(string list, int count) => Assert.Equal(count, UringTransport.CountProcessors(list));
}
