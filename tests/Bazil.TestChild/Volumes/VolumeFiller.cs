using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.TestChild.Volumes;

/// <summary>
/// Makes many files in a volume that is not open, a directory of them in each transaction: far faster than through the kernel, with the rows that it would make.
/// A hundred in each directory, a hundred directories in each.
/// </summary>
internal static class VolumeFiller
{
    private const int Fan = 100;

    internal static void Fill(VolumeOptions options, int fileCount)
    {
        var store = new VolumeStore(options.Metadata, options.LocalNumber, options.Entropy, options.Identity.PeerId);
        InodeId upper = default;
        for (int number = 0; number < fileCount; number += Fan)
        {
            var transaction = new Transaction(store);
            var change = new LocalChange(transaction, UnixTime.Now(options.Clock));
            if (number % (Fan * Fan) == 0) upper = Make(transaction, change, InodeId.Root, "upper", number, NodeKind.Directory);
            InodeId lower = Make(transaction, change, upper, "lower", number, NodeKind.Directory);
            for (int file = number; file < Math.Min(number + Fan, fileCount); file++) Make(transaction, change, lower, "an-ordinary-file-name", file, NodeKind.File);
            transaction.Commit();
        }

        options.Metadata.Sync();
    }

    private static InodeId Make(Transaction transaction, LocalChange change, InodeId parent, string text, int number, NodeKind kind)
    {
        transaction.TakeVersion(); // it names the node
        UnixTime now = UnixTime.Now(TimeProvider.System);
        var attributes = new AttributeValue(kind == NodeKind.Directory ? 0x1EDu : 0x1A4u, AttributeValue.Self, AttributeValue.Self, now, ExtendedAttributes.None);
        ContentValue? content = kind == NodeKind.Directory ? null : ContentValue.Inline([], now);
        return change.Create(transaction.Require(parent), FileName.Parse(Encoding.ASCII.GetBytes($"{text}-{number:D8}")), kind, content, attributes).Inode;
    }
}
