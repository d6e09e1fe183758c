using Bazil.Storage.Metadata;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// Somebody at a machine who does random things to files, and notes in the ledger what must not be lost. Names are few and the tree is shallow, so
/// that people meet.
/// </summary>
internal sealed class Person(Machine machine, SeededScheduler steps, Random random, ContentLedger ledger, Trace trace)
{
    private const int DepthMax = 3;
    private static readonly byte[][] Names = ["a"u8.ToArray(), "b"u8.ToArray(), "c"u8.ToArray()];
    private static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(4);

    /// <summary>Files that are open for writing here, and what was seen in them and written to them since. One writer at a time, so that contents do not mix.</summary>
    private readonly Dictionary<InodeId, List<ulong>> _open = [];

    /// <summary>Names that were removed here. What is written to an open file whose name went is gone with its last close.</summary>
    private int _removals;

    private Volume Volume => machine.Replica.Volume;

    /// <summary>Files are closed when the daemon dies.</summary>
    public void Forget() => _open.Clear();

    public async Task ActAsync()
    {
        Spot spot = Pick();
        double dice = random.NextDouble();
        if (spot.Found is not { } found)
        {
            if (dice < .6) await CreateAsync(spot);
            else if (dice < .85) Note("mkdir", spot, Make(spot, NodeKind.Directory).Error);
            else Move(Pick(), spot);
        }
        else if (FuseMode.IsDirectory(found.Mode))
        {
            if (dice < .3) Note("rmdir", spot, Volume.RemoveDirectory(spot.Parent, spot.Name));
            else Move(spot, Pick());
        }
        else if (dice < .5)
        {
            await WriteAsync(new InodeId(found.Inode), spot);
        }
        else if (dice < .62) Unlink(spot, found);
        else if (dice < .8) Move(spot, Pick());
        else if (dice < .85) Link(new InodeId(found.Inode), Pick());
        else if (dice < .9) Note("chmod", spot, Volume.SetAttributes(new InodeId(found.Inode), new AttributeChanges { Fields = AttributeField.Mode, Mode = (uint)random.Next(512) }).Error);
        else Settle(spot);
    }

    /// <summary>A path that somebody may want alone.</summary>
    public FileName[] PickPath() => [.. Enumerable.Range(0, random.Next(1, DepthMax)).Select(_ => FileName.Parse(Names[random.Next(Names.Length)]))];

    /// <summary>All that was closed here until now survives a power cut.</summary>
    public async Task SyncAsync()
    {
        List<ulong> held = ledger.HeldBy(machine.Number);
        try
        {
            await Volume.SyncAsync(CancellationToken.None);
            ledger.Synced(machine.Number, held);
            trace.Add($"{machine.Name} sync");
        }
        catch (StoreException e) when (e.IsDiskFull)
        {
            trace.Add($"{machine.Name} sync: full");
        }
    }

    private Spot Pick()
    {
        InodeId parent = InodeId.Root;
        for (int depth = 1; ; depth++)
        {
            byte[] name = Names[random.Next(Names.Length)];
            Reply<FuseAttributes> found = Volume.Lookup(parent, name);
            if (!found.HasValue) return new Spot(parent, name, null);
            if (depth == DepthMax || !FuseMode.IsDirectory(found.Value.Mode) || random.Next(5) < 2) return new Spot(parent, name, found.Value);
            parent = new InodeId(found.Value.Inode);
        }
    }

    private Reply<FuseAttributes> Make(Spot spot, NodeKind kind) => Volume.Create(new NewNode
    {
        Parent = spot.Parent, Name = spot.Name, Kind = kind, Mode = 0x1ED, UserId = 1000, GroupId = 1000,
        Content = kind == NodeKind.File ? ContentValue.Inline([], default) : null,
    });

    private async Task CreateAsync(Spot spot)
    {
        Reply<FuseAttributes> created = Make(spot, NodeKind.File);
        Note("create", spot, created.Error);
        if (created.HasValue) await WriteAsync(new InodeId(created.Value.Inode), spot);
    }

    /// <summary>Opens, truncates, writes, perhaps syncs, perhaps takes its time, closes; now and then twice.</summary>
    private async Task WriteAsync(InodeId inode, Spot spot)
    {
        Volume volume = Volume;
        if (_open.ContainsKey(inode)) return;
        Reply<FuseHandle> opened = volume.Open(inode, new FuseOpenMode(2));
        if (!opened.HasValue) return;
        List<ulong> seen = [];
        _open.Add(inode, seen);
        int removals = _removals;
        try
        {
            for (int round = random.Next(4) == 0 ? 2 : 1; round > 0; round--)
            {
                ulong size = ledger.Next(isInline: random.Next(3) > 0);
                See(inode, seen);
                if (await volume.TruncateAsync(inode, 0, opened.Value, CancellationToken.None) != Errno.OK) return;
                if (random.Next(3) == 0) await steps.PauseAsync(LongestWrite);
                if (!(await volume.WriteAsync(opened.Value, 0, Content(size), CancellationToken.None)).HasValue) return;
                if (random.Next(3) == 0) await steps.PauseAsync(LongestWrite);
                List<ulong> replaced = [.. seen];
                seen.Add(size);
                await PublishAsync(volume, opened.Value, inode, size, replaced, spot, removals);
            }
        }
        catch (StoreException e) when (e.IsDiskFull || e.IsUnreachable)
        {
            trace.Add($"{machine.Name} write {spot}: {e.Message}");
        }
        finally
        {
            if (machine.IsUp)
            {
                await volume.ReleaseAsync(opened.Value);
                _open.Remove(inode);
            }
        }
    }

    private static bool HasPatch(IMetadataReader metadata, InodeId inode) =>
        metadata.ScanPrefix(new VolumeTables(metadata, 1).Key(stackalloc byte[MetadataKey.MaxSize], Table.Patch).Add(inode).Bytes).MoveNext();

    private async Task PublishAsync(Volume volume, FuseHandle handle, InodeId inode, ulong size, List<ulong> replaced, Spot spot, int removals)
    {
        bool isSync = random.Next(4) == 0;
        List<ulong> held = ledger.HeldBy(machine.Number);
        Errno error = isSync ? await volume.FsyncAsync(handle, CancellationToken.None) : await volume.FlushAsync(handle, CancellationToken.None);
        Note($"write {size}{(isSync ? " sync" : "")} over {string.Join(',', replaced)} in {inode}", spot, error);

        if (error != Errno.OK || !machine.IsUp) return;
        await volume.SettlePatchesAsync(CancellationToken.None);
        if (!machine.IsUp) return;
        bool isThere = StateReader.Records(machine.Replica.Metadata).Any(record => record.Content.Pairs.ToArray().Any(pair => pair.Value.SizeBytes == size));
        // On a full disk a small synced change stays a patch until there is room.
        if (!isThere && removals == _removals && !HasPatch(machine.Replica.Metadata, inode)) machine.Failures.Add(new IOException($"{machine.Name} closed {size} in {inode}, which is in no row"));
        if (!isThere) return;
        ledger.Closed(size, machine.Number, replaced);
        if (isSync) ledger.Synced(machine.Number, [.. held, size]);
    }

    /// <summary>What is shown in a file now is about to be replaced by somebody who knows it.</summary>
    private void See(InodeId inode, List<ulong> seen)
    {
        Reply<FuseAttributes> now = Volume.GetAttributes(inode);
        if (!now.HasValue || now.Value.Size == 0) return;
        seen.Add((ulong)now.Value.Size);
        ledger.Replaced((ulong)now.Value.Size);
    }

    private void Gone(FuseAttributes file)
    {
        _removals++;
        trace.Add($"{machine.Name} gone {file.Inode} with {file.Size}, {file.LinkCount} links");

        // By the rows, not by the number of links: two links that came to one name go with it together.
        if (RowOf(file) is not { } row || !row.LiveLinks.Any()) ledger.Replaced((ulong)file.Size);
        foreach (ulong size in _open.GetValueOrDefault(new InodeId(file.Inode)) ?? []) ledger.Replaced(size);
    }

    private void Unlink(Spot spot, FuseAttributes found)
    {
        Note("unlink", spot, Change(() => Volume.Unlink(spot.Parent, spot.Name), () => Gone(found)));
    }

    private void Move(Spot from, Spot to)
    {
        if (from.Found is not { } moved) return;
        Errno error = Change(
            () => Volume.Rename(from.Parent, from.Name, to.Parent, to.Name, RenameFlags.None),
            () =>
            {
                if (to.Found is { } target && target.Inode != moved.Inode && !FuseMode.IsDirectory(target.Mode)) Gone(target);
            });
        Note($"move to {to}", from, error);
    }

    /// <summary>Does it, and notes it when it succeeds, or when the machine dies in it: then it may have happened.</summary>
    private static Errno Change(Func<Errno> change, Action note)
    {
        try
        {
            Errno error = change();
            if (error == Errno.OK) note();
            return error;
        }
        catch (PowerFailureException)
        {
            note();
            throw;
        }
    }

    private void Link(InodeId inode, Spot to)
    {
        if (to.Found is null) Note("link", to, Volume.MakeLink(inode, to.Parent, to.Name).Error);
    }

    private void Settle(Spot spot)
    {
        _removals++;
        FileName name = FileName.Parse(spot.Name);
        List<Alternate> alternates = Volume.ListAlternates(spot.Parent, name);
        if (alternates.Count == 0) return;
        Alternate alternate = alternates[random.Next(alternates.Count)];

        // Not the size that is shown: of a file that is open for writing, what the row has is kept.
        ContentValue? kept = spot.Found is { } found ? RowOf(found)?.ShownContent?.Value : null;
        Errno error = Change(
            () => Volume.DropAlternate(spot.Parent, name, alternate.Label),
            () =>
            {
                ledger.Replaced(alternate.Content.SizeBytes);
                if (kept is not null) ledger.WrittenAnew(kept.SizeBytes);
                foreach (Alternate other in alternates) ledger.WrittenAnew(other.Content.SizeBytes);
            });
        Note($"drop {alternate.Content.SizeBytes}", spot, error);
    }

    private NodeRecord? RowOf(FuseAttributes file) => StateReader.Records(machine.Replica.Metadata).FirstOrDefault(record => record.Inode == new InodeId(file.Inode));

    /// <summary>What a content of this size reads.</summary>
    public static byte[] Content(ulong size)
    {
        byte[] content = new byte[size];
        for (int index = 0; index < content.Length; index++) content[index] = (byte)(1 + (((size * 31) + (ulong)index) % 250));
        return content;
    }

    private void Note(string what, Spot spot, Errno error)
    {
        trace.Add($"{machine.Name} {what} {spot}: {error}");
        if (error == Errno.EIO || error == Errno.EROFS) machine.Failures.Add(new IOException($"{machine.Name} {what} {spot}: {error}; {Volume.Failure}"));
    }

    /// <summary>A name in a directory, and what was there when it was looked up.</summary>
    private readonly record struct Spot(InodeId Parent, byte[] Name, FuseAttributes? Found)
    {
        public override string ToString() => $"{Parent}/{Encoding.UTF8.GetString(Name)}";
    }
}
