using Bazil.Core;
using Bazil.Server.Pushing;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Tests.Pushing;

public sealed class PushPassTests
{
    [Fact]
    public void Only_what_is_not_here_or_not_whole_is_left_out_of_a_pass()
    {
        Assert.False(PushPass.IsAbsent(null));
        Assert.True(PushPass.IsAbsent(new ChunkNotFoundException(ChunkType.File, 1, default)));
        Assert.True(PushPass.IsAbsent(new CorruptObjectException(default, "local", "a test")));
        Assert.True(PushPass.IsAbsent(new WireFormatException("malformed")));
        StoreException failed = Assert.Throws<StoreException>(() => PushPass.IsAbsent(new StoreException("the disk does not answer") { IsUnreachable = true }));
        Assert.True(failed.IsUnreachable);
        Assert.Contains("the disk does not answer", failed.Message, StringComparison.Ordinal);
    }
}
