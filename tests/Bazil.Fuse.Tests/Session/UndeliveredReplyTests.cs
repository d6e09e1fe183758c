using Bazil.Fuse.Examples;
using Bazil.Fuse.Kernel;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Session;

public sealed class UndeliveredReplyTests
{
    [Fact]
    public void A_file_whose_creation_the_kernel_did_not_hear_of_is_forgotten_again()
    {
        var memory = new MemoryFileSystem(TimeProvider.System, 1 << 20);
        using var harness = new DispatcherHarness(memory);
        harness.Channel.Outcome = Errno.ENOENT;
        var all = RequestBytes.All().ToDictionary(request => request.Opcode, request => request.Bytes);
        harness.Ask(all[Opcode.TemporaryFile]);
        Assert.Equal(1, memory.InodeCount);
        harness.Ask(all[Opcode.Create]);
        Assert.Equal(2, memory.InodeCount);
        harness.Ask(all[Opcode.Lookup]);
        harness.Ask(all[Opcode.ReadDirectoryPlus]);
        harness.Channel.Outcome = Errno.OK;
        harness.Ask(RequestBytes.Make(Opcode.Unlink, 100, 1, RequestBytes.Name("file")));
        Assert.Equal(1, memory.InodeCount);
    }
}
