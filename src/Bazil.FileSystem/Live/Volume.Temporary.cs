using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// O_TMPFILE: open files that never had a name. They are in memory and the chunk store only, like unlinked ones, until a
// link gives them a name.
public sealed partial class Volume
{
    /// <summary>Stands for the node that a file without a name may become: no change ever has this version.</summary>
    private static readonly NodeId Unborn = new(new Version(ulong.MaxValue, new ReplicaId(1)));

    /// <summary>Makes and opens a file without a name; the directory only says what it inherits.</summary>
    internal Reply<CreatedFile> CreateTemporary(NewNode node, FuseOpenMode flags)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            if (transaction.Read(node.Parent) is not { IsDirectory: true } parent || !transaction.IsShown(parent)) return Errno.ENOENT;
            UnixTime now = Now();
            var record = new NodeRecord(Unborn, NodeKind.File, _store.State.AllocateInode())
            {
                Content = Facet<ContentValue>.Empty.With(Unborn.Creation, node.Content!.WithModifyTime(now)),
                Attributes = Facet<AttributeValue>.Empty.With(Unborn.Creation, NewAttributes(node, transaction.Require(transaction.PrimaryOf(node.Parent)), now)),
                AccessTime = now,
                ChangeTime = now,
            };
            var file = new OpenFile(record, _options.Blobs) { Unlinked = record, SeenKnowledge = _store.State.Knowledge, Dirtied = WriteBackSoon };
            if (flags.CanWrite) file.Writers++;
            _unlinked.Add(record.Inode, file);
            return new CreatedFile(AttributesOf(null, record, file), AddHandle(file, flags), Existed: false);
        }
    }

    /// <summary>True for an open file that was made without a name and has none yet.</summary>
    internal bool IsTemporary(InodeId inode)
    {
        lock (_gate) return FindTemporary(inode) is not null;
    }

    /// <summary>Gives a file its first name, with what was written to it so far.</summary>
    internal async ValueTask<Reply<FuseAttributes>> LinkTemporaryAsync(InodeId inode, InodeId newParent, ReadOnlyMemory<byte> newName, CancellationToken cancel)
    {
        OpenFile? file;
        lock (_gate)
        {
            file = FindTemporary(inode);
            if (file is null) return Errno.ENOENT;
            file.Handles++;
        }

        try
        {
            await file.Gate.WaitAsync(cancel);
            try
            {
                ContentValue value = await SaveAsync(file, cancel);
                IReadOnlyList<BlobSubtree> unsynced = await FindUnsyncedAsync(value, cancel);
                return PublishTemporary(file, value, unsynced, newParent, newName.Span);
            }
            finally
            {
                file.Gate.Release();
            }
        }
        finally
        {
            await ReleaseAsync(file, isWriter: false);
        }
    }

    private OpenFile? FindTemporary(InodeId inode) => _unlinked.TryGetValue(inode, out OpenFile? file) && file.Unlinked!.Id == Unborn ? file : null;

    private Reply<FuseAttributes> PublishTemporary(
        OpenFile file, ContentValue value, IReadOnlyList<BlobSubtree> unsynced, InodeId newParent, ReadOnlySpan<byte> newName)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            // Somebody else may have given it a name while the content was saved.
            if (FindTemporary(file.Inode) is null) return MakeLink(file.Inode, newParent, newName);
            var transaction = new Transaction(_store);
            Errno error = FindDirectory(transaction, newParent, newName, out NodeRecord? parent, out FileName name);
            if (error != Errno.OK) return error;
            if (!transaction.Resolve(newParent, name).IsNothing) return Errno.EEXIST;
            UnixTime now = Now();
            value = value.WithModifyTime(file.ModifyTime); // which a program may have set meanwhile
            AttributeValue attributes = ShownAttributes(file.Unlinked!) with { ModifyTime = file.ModifyTime };
            NodeRecord record = new LocalChange(transaction, now).Create(parent!, name, NodeKind.File, value, attributes, file.Inode);
            record.AllocatedBytes = file.AllocatedBytes;
            record.AccessTime = file.Unlinked!.AccessTime;
            transaction.Unsynced.AddRange(unsynced);
            Commit(transaction);
            file.Unlinked = null;
            file.Published(value);
            NotePublished(file);
            _unlinked.Remove(file.Inode);
            _files.Add(file.Inode, file);
            return FindAttributes(file.Inode);
        }
    }
}
