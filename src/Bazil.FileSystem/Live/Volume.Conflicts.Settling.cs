using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Settling conflicts. What is kept is written anew and what goes was seen, so that two people who decide differently lose nothing: they have a new conflict.
public sealed partial class Volume
{
    /// <summary>Keeps one side of a conflict, everywhere; the others go.</summary>
    /// <param name="conflict">As it was looked at.</param>
    /// <param name="keep">One of its values.</param>
    /// <exception cref="MetadataException">The volume is read-only, or the database failed.</exception>
    public Task<ConflictOutcome> SettleAsync(Conflict conflict, ConflictValue keep) => SettleAsync(conflict, (transaction, change) => conflict.Kind switch
    {
        ConflictKind.Content => KeepContent(change, conflict, keep),
        ConflictKind.Name => KeepName(transaction, change, conflict, keep),
        ConflictKind.Place => KeepPlace(transaction, change, conflict, keep),
        _ => KeepAttributes(change, conflict, keep),
    });

    /// <summary>Keeps what is in place, and all other sides beside it under names of their own.</summary>
    /// <inheritdoc cref="SettleAsync(Conflict, ConflictValue)"/>
    public async Task<ConflictOutcome> SettleWithAllAsync(Conflict conflict)
    {
        var made = new List<CommittedChange>();
        ConflictOutcome outcome = await SettleAsync(conflict, (transaction, change) => conflict.Kind switch
        {
            ConflictKind.Content => KeepAllContents(transaction, change, conflict, made),
            ConflictKind.Name => KeepAllNames(transaction, change, conflict),
            ConflictKind.Place when conflict.Values[0].NodeKind != NodeKind.Directory => KeepAllPlaces(transaction, change, conflict),
            _ => ConflictOutcome.NotBoth,
        });
        foreach (CommittedChange change in made) await ShowAsync(change);
        return outcome;
    }

    /// <summary>Writes one side of a conflict into a stream.</summary>
    /// <exception cref="Storage.Stores.StoreException">Its content cannot be read.</exception>
    public async Task ExportAsync(ContentValue content, Stream to, CancellationToken cancel)
    {
        await using var source = new Dynamic.ValueContent(content, _options.Blobs);
        byte[] buffer = new byte[Limits.CopyBufferBytes];
        for (ulong offset = 0; ;)
        {
            int count = await source.ReadAsync(offset, buffer, cancel);
            if (count == 0) return;
            await to.WriteAsync(buffer.AsMemory(0, count), cancel);
            offset += (ulong)count;
        }
    }

    /// <summary>Puts what somebody made of all sides in place, and settles the conflict with it: both in one step, or nothing changes.</summary>
    /// <param name="conflict">One of contents, as it was looked at.</param>
    /// <param name="merged">The content.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="Storage.Stores.StoreException">The content cannot be stored.</exception>
    public async Task<ConflictOutcome> SettleWithContentAsync(Conflict conflict, Stream merged, CancellationToken cancel)
    {
        // Gathered in a file without a name, which nobody sees and which goes with its handle.
        var aside = new NewNode
        {
            Parent = InodeId.Root, Name = default, Kind = NodeKind.File, Mode = 0x180, UserId = _options.OwnerId, GroupId = _options.GroupId, Content = ContentValue.Inline([], default),
        };
        Reply<CreatedFile> made = CreateTemporary(aside, new FuseOpenMode(2));
        if (!made.HasValue) throw new MetadataException($"volume {Name} takes no changes: {made.Error}");
        FuseHandle handle = made.Value.Handle;
        try
        {
            await CopyInAsync(merged, handle, cancel);
            return await SettleWithFileAsync(conflict, _handles[handle.Value].File, cancel);
        }
        finally
        {
            await ReleaseAsync(handle);
        }
    }

    private async Task CopyInAsync(Stream from, FuseHandle to, CancellationToken cancel)
    {
        byte[] buffer = new byte[Limits.CopyBufferBytes];
        for (long offset = 0; await from.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel) is var count and > 0; offset += count)
        {
            Reply<int> written = await WriteAsync(to, offset, buffer.AsMemory(0, count), cancel);
            if (!written.HasValue) throw new IOException($"volume {Name}: the merged content was not taken: {written.Error}");
        }
    }

    private async Task<ConflictOutcome> SettleWithFileAsync(Conflict conflict, OpenFile file, CancellationToken cancel)
    {
        await file.Gate.WaitAsync(cancel);
        try
        {
            ContentValue content = await SaveAsync(file, cancel);
            IReadOnlyList<BlobSubtree> unsynced = await FindUnsyncedAsync(content, cancel);
            return await SettleAsync(conflict, (transaction, change) =>
            {
                if (IsBeingWritten(conflict.Inode)) return ConflictOutcome.InUse;
                transaction.Unsynced.AddRange(unsynced);
                change.Resolve(conflict.Inode, content, conflict.Values.Select(static value => value.Content!));
                return ConflictOutcome.Done;
            });
        }
        finally
        {
            file.Gate.Release();
        }
    }

    private async Task<ConflictOutcome> SettleAsync(Conflict seen, Func<Transaction, LocalChange, ConflictOutcome> settle)
    {
        CommittedChange committed;
        lock (_gate)
        {
            if (Failure is { } failure) throw new MetadataException($"volume {Name} is read-only: {failure}");
            if (!IsAsSeen(seen)) return ConflictOutcome.Changed;
            var transaction = new Transaction(_store);
            ConflictOutcome outcome = settle(transaction, new LocalChange(transaction, Now()));
            if (outcome != ConflictOutcome.Done) return outcome;
            committed = Commit(transaction);
        }

        await ShowAsync(committed);
        return ConflictOutcome.Done;
    }

    /// <summary>A decision about sides that the person has not seen would lose them.</summary>
    private bool IsAsSeen(Conflict seen)
    {
        var transaction = new Transaction(_store);
        byte[] row = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Conflict).Add([seen.Kind == ConflictKind.Name ? ConflictOfName : ConflictOfNode]).Add(seen.Inode).Bytes[5..].ToArray();
        if (seen.Kind == ConflictKind.Name) row = [.. row, .. seen.Name.Span];
        return ConflictsOf(transaction, row).Exists(now => now.Kind == seen.Kind && now.LinkId == seen.LinkId
            && now.Values.Select(static value => (value.Version, value.Inode)).SequenceEqual(seen.Values.Select(static value => (value.Version, value.Inode))));
    }

    private ConflictOutcome KeepContent(LocalChange change, Conflict conflict, ConflictValue keep)
    {
        if (keep != conflict.Values[0] && IsBeingWritten(conflict.Inode)) return ConflictOutcome.InUse;
        change.Resolve(conflict.Inode, keep.Content!, conflict.Values.Where(value => value != keep).Select(static value => value.Content!));
        return ConflictOutcome.Done;
    }

    private static ConflictOutcome KeepAttributes(LocalChange change, Conflict conflict, ConflictValue keep)
    {
        change.SettleAttributes(conflict.Inode, keep.Attributes!);
        return ConflictOutcome.Done;
    }

    private static ConflictOutcome KeepPlace(Transaction transaction, LocalChange change, Conflict conflict, ConflictValue keep)
    {
        if (keep != conflict.Values[0] && !IsFree(transaction, conflict.Inode, keep.Place!.Value)) return ConflictOutcome.PlaceTaken;
        change.SettlePlace(conflict.Inode, conflict.LinkId, keep.Place!.Value);
        return ConflictOutcome.Done;
    }

    private static bool IsFree(Transaction transaction, InodeId inode, Place place)
    {
        InodeId parent = transaction.FindInode(place.Parent);
        return parent != default && transaction.FindPath(parent) is not null && transaction.Resolve(parent, place.Name).IsNothing && !transaction.IsWithin(parent, inode);
    }

    private ConflictOutcome KeepName(Transaction transaction, LocalChange change, Conflict conflict, ConflictValue keep)
    {
        ShownName shown = transaction.Resolve(conflict.Inode, conflict.Name);
        bool isInPlace = keep == conflict.Values[0];
        if (!isInPlace && shown.Primary.IsDirectory) return ConflictOutcome.IsDirectory;
        Claim[] dropped = [.. shown.Hidden.Where(claim => claim.Inode != keep.Inode)];
        if (!isInPlace) Remove(transaction, shown, conflict.Inode, isRemoval: false);
        change.Remove(dropped, conflict.Inode);
        if (keep.Content is { } content) change.Resolve(keep.Inode, content, []);
        return ConflictOutcome.Done;
    }

    private static ConflictOutcome KeepAllNames(Transaction transaction, LocalChange change, Conflict conflict)
    {
        NodeRecord directory = transaction.Require(transaction.PrimaryOf(conflict.Inode));
        var taken = new HashSet<FileName>();
        foreach (IGrouping<InodeId, Claim> other in transaction.Resolve(conflict.Inode, conflict.Name).Hidden.GroupBy(claim => claim.Inode))
        {
            string label = conflict.Values.FirstOrDefault(value => value.Inode == other.Key)?.Label ?? "other";
            FileName name = ConflictNames.Beside(conflict.Name, label, free => transaction.Resolve(directory.Inode, free).IsNothing && taken.Add(free));
            change.Move(other.Take(1), conflict.Inode, directory, name);
            change.Remove(other.Skip(1), conflict.Inode);
        }

        return ConflictOutcome.Done;
    }

    private static ConflictOutcome KeepAllPlaces(Transaction transaction, LocalChange change, Conflict conflict)
    {
        // A change makes one link of a node, so a file of three places keeps one of them in this step and the list has the rest for another.
        if (conflict.Values.Count > 2) return ConflictOutcome.NotBoth;
        Place other = conflict.Values[1].Place!.Value;
        InodeId parent = transaction.FindInode(other.Parent);
        if (!IsFree(transaction, conflict.Inode, other)) return ConflictOutcome.PlaceTaken;
        change.SettlePlace(conflict.Inode, conflict.LinkId, conflict.Values[0].Place!.Value);
        change.Link(conflict.Inode, transaction.Require(parent), other.Name);
        return ConflictOutcome.Done;
    }

    private ConflictOutcome KeepAllContents(Transaction transaction, LocalChange change, Conflict conflict, List<CommittedChange> made)
    {
        NodeRecord record = transaction.Require(conflict.Inode);
        if (transaction.PlaceOf(record) is not { } placed) return ConflictOutcome.Changed;
        NodeRecord directory = transaction.Require(transaction.PrimaryOf(placed.Parent));
        AttributeValue attributes = ShownAttributes(record);
        List<ConflictValue> beside = [.. conflict.Values.Skip(1)];

        // One change makes one node, so each is a step of its own. They come first: what is kept twice for a moment is not lost.
        foreach (ConflictValue value in beside)
        {
            var making = new Transaction(_store);
            FileName name = ConflictNames.Beside(placed.Name, value.Label, free => making.Resolve(directory.Inode, free).IsNothing);
            new LocalChange(making, Now()).Create(making.Require(directory.Inode), name, record.Kind, value.Content, attributes with { ModifyTime = value.Content!.ModifyTime });
            made.Add(Commit(making));
        }

        change.Resolve(conflict.Inode, conflict.Values[0].Content!, beside.Select(static value => value.Content!));
        return ConflictOutcome.Done;
    }
}
