using System.Globalization;
using System.Text;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil du</c>: asks the volumes, not the mounts.</summary>
internal sealed class UsageCommands(VolumeRegistry volumes)
{
    public void Register(ControlDispatcher dispatcher) => dispatcher.Add(ControlMethods.Usage, UsageAsync);

    private async Task<UsageReply> UsageAsync(UsageRequest request, CancellationToken cancel)
    {
        if (request.Depth is < 0 or > Limits.UsageDepthMax) throw new CommandFailedException(ErrorKind.Invalid, $"{request.Depth} is no depth", $"give a number from 0 to {Limits.UsageDepthMax}");
        var entries = new List<UsageInfo>();
        var settled = new HashSet<Volume>();
        foreach (string path in request.Paths)
        {
            (Volume volume, string mountpoint) = volumes.FindMounted(path)
                ?? throw new CommandFailedException(ErrorKind.NotFound, $"{path} is not in a mounted volume of this server", "see where volumes are mounted: bazil volume list");
            if (settled.Add(volume)) await SettleAsync(volume, cancel);
            string inside = path[mountpoint.Length..];
            string[] parts = inside.Split('/', StringSplitOptions.RemoveEmptyEntries);
            if (!parts.All(static part => FileName.TryCreate(Encoding.UTF8.GetBytes(part), out _))) throw PathText.Missing(path);
            FileName[] names = [.. parts.Select(FileName.Parse)];
            if (names.Any(static name => name.IsReserved)) throw new CommandFailedException(ErrorKind.Invalid, $"{path} is inside of {names.First(static name => name.IsReserved)}, whose size is not known", "ask for directories of the volume itself");
            if (volume.FindSubtree(names) is not { } use) throw PathText.Missing(path);
            AddBelow(entries, volume, path, names, request.Depth);
            Add(entries, path, use);
        }

        return new UsageReply(entries);
    }

    private static void AddBelow(List<UsageInfo> entries, Volume volume, string path, FileName[] names, int depth)
    {
        if (depth == 0) return;
        foreach ((FileName name, SubtreeUse use) in volume.ListSubtrees(names))
        {
            AddBelow(entries, volume, $"{path}/{name}", [.. names, name], depth - 1);
            Add(entries, $"{path}/{name}", use);
        }
    }

    private static void Add(List<UsageInfo> entries, string path, in SubtreeUse use)
    {
        if (entries.Count >= Limits.UsageEntriesMax) throw new CommandFailedException(ErrorKind.Invalid, $"there are more than {Limits.UsageEntriesMax} directories to list", "ask with a smaller -depth, or for a part");
        string changed = use.ChangeTime.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        entries.Add(new UsageInfo(path, use.Bytes, use.Files, use.Directories, changed, use.IsExact));
    }

    /// <summary>Takes in what waits, but not for longer than a person waits.</summary>
    private static async Task SettleAsync(Volume volume, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limits.UsageWait);
        try
        {
            await volume.SettleAccountsAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The numbers say themselves that they are not exact yet.
        }
    }
}
