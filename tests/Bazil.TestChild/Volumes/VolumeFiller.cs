using System.Text;
using Bazil.FileSystem.Live;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.TestChild.Volumes;

/// <summary>Makes many files in a volume that is not mounted: far faster than through the kernel. A hundred in each directory, a hundred directories in each.</summary>
internal static class VolumeFiller
{
    private const int Fan = 100;

    internal static Task RunAsync(Volume volume, int fileCount)
    {
        var files = new VolumeFileSystem(volume);
        var context = new RequestContext { UserId = UnixUser.EffectiveUserId, GroupId = UnixUser.EffectiveGroupId };
        FuseNodeId upper = default, lower = default;
        for (int number = 0; number < fileCount; number++)
        {
            if (number % (Fan * Fan) == 0) upper = Require(files.MakeDirectory(context, FuseNodeId.Root, Name("upper", number), 0x1ED, 0, default));
            if (number % Fan == 0) lower = Require(files.MakeDirectory(context, upper, Name("lower", number), 0x1ED, 0, default));
            Require(files.MakeNode(context, lower, Name("an-ordinary-file-name", number), FuseMode.Regular | 0x1A4, 0, 0, default));
        }

        return Task.CompletedTask;
    }

    private static FuseNodeId Require(ValueTask<Reply<FuseEntry>> reply)
    {
        Reply<FuseEntry> entry = reply.AsTask().GetAwaiter().GetResult();
        return entry.HasValue ? entry.Value.Node : throw new IOException($"a node cannot be made: {entry.Error}");
    }

    private static byte[] Name(string text, int number) => Encoding.ASCII.GetBytes($"{text}-{number:D8}");
}
