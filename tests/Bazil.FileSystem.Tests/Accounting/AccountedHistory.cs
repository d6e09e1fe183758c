using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Accounting;

/// <summary>Random operations on one volume and on a model, and a look at the totals of every directory after any of them.</summary>
internal sealed class AccountedHistory(Replica replica, Random random)
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    /// <summary>The states since the last sync, the oldest first: one of them is found after a power cut.</summary>
    private readonly List<ModelVolume> _states = [new ModelVolume()];

    public bool HasLinks { get; init; } = true;

    public ModelVolume Now => _states[^1];

    public async Task RunAsync(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            if (random.Next(8) == 0) await replica.Volume.SettleAccountsAsync(CancellationToken.None);
            else if (random.Next(20) == 0) replica.Metadata.Sync();
            else if (random.Next(20) == 0) await SyncAsync();
            else await ChangeAsync();
        }
    }

    /// <summary>Compares all directories with the model; first as they stand, when nothing waits below them.</summary>
    public async Task CheckAsync(string context)
    {
        await replica.Volume.SettleAccountsAsync(CancellationToken.None);
        foreach (string directory in Now.Directories.Prepend(""))
        {
            Assert.True(Now.Count(directory) == Found(directory), $"{context}: /{directory} is said to have {Found(directory)}, and has {Now.Count(directory)}");
        }

        AccountsReport report = await replica.Volume.CheckAccountsAsync(CancellationToken.None);
        Assert.True(report.DriftedCount == 0, $"{context}: drift in {report.DriftedCount} directories, first {report.First}");
    }

    /// <summary>Finds out to which moment a power cut led back, and goes on from there.</summary>
    public void GoBack(string context)
    {
        SortedDictionary<string, string> tree = replica.Tree();
        List<string> found = [.. tree.Select(entry => $"{entry.Key[1..]}{(entry.Value.StartsWith("directories []", StringComparison.Ordinal) ? $"={replica.Stat(entry.Key).Size}" : "/")}").Order(StringComparer.Ordinal)];
        int moment = _states.FindLastIndex(state => state.Directories.Select(path => path + "/")
            .Concat(state.Files.Select(path => $"{path}={state.SizeOf(path)}")).Order(StringComparer.Ordinal).SequenceEqual(found));
        Assert.True(moment >= 0, $"{context}: this never was: {string.Join(' ', found)}");
        ModelVolume state = _states[moment];
        _states.Clear();
        _states.Add(state);
    }

    private (long Bytes, long Files, long Directories) Found(string directory)
    {
        SubtreeUse use = replica.Volume.FindSubtree(directory.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(FileName.Parse))!.Value;
        Assert.True(use.IsExact);
        return ((long)use.Bytes, (long)use.Files, (long)use.Directories);
    }

    private async Task SyncAsync()
    {
        await replica.Volume.SyncAsync(CancellationToken.None);
        _states.RemoveRange(0, _states.Count - 1);
    }

    private async Task ChangeAsync()
    {
        string directory = Pick([.. Now.Directories.Prepend("")])!;
        string path = $"{directory}/{Names[random.Next(Names.Length)]}".TrimStart('/');
        string? file = Pick([.. Now.Files]);
        bool isFree = !Now.Has(path);
        switch (random.Next(11))
        {
            case 0 or 1 when isFree && path.Count(c => c == '/') < 5:
                replica.MakeDirectory(path);
                Then(state => state.Make(path, isDirectory: true));
                break;
            case 2 or 3 when isFree: await WriteAsync(path, isNew: true); break;
            case 4 when file is not null: await WriteAsync(file, isNew: false); break;
            case 5 when file is not null:
                Assert.Equal(Errno.OK, replica.Unlink(file));
                Then(state => state.Remove(file));
                break;
            case 6 when directory.Length > 0:
                Assert.Equal(Now.IsEmpty(directory) ? Errno.OK : Errno.ENOTEMPTY, replica.RemoveDirectory(directory));
                if (Now.IsEmpty(directory)) Then(state => state.Remove(directory));
                break;
            case 7 when file is not null && isFree && HasLinks:
                Assert.Equal(Errno.OK, replica.Link(file, path));
                Then(state => state.Link(file, path));
                break;
            case 8 or 9 when directory.Length > 0: RenameDirectory(directory); break;
            case 10 when file is not null: RenameFile(file, path); break;
            default: break;
        }
    }

    private async Task WriteAsync(string path, bool isNew)
    {
        // As a shell does: made empty first, which may be what is found after a power cut.
        int size = random.Next(3) == 0 ? Limits.InlineBytesMax + random.Next(9000) : 1 + random.Next(50);
        if (isNew) Then(state => state.Make(path, isDirectory: false));
        await replica.WriteAsync(path, new string('x', size));
        Then(state => state.Write(path, size));
    }

    private void RenameDirectory(string directory)
    {
        string target = $"{Pick([.. Now.Directories.Prepend("")])}/{Names[random.Next(Names.Length)]}".TrimStart('/');
        if ((target + "/").StartsWith(directory + "/", StringComparison.Ordinal) || (directory + "/").StartsWith(target + "/", StringComparison.Ordinal)) return;
        if (Now.Has(target) && !(Now.Directories.Contains(target) && Now.IsEmpty(target))) return;
        Assert.Equal(Errno.OK, replica.Rename(directory, target));
        Then(state => state.Rename(directory, target));
    }

    private void RenameFile(string file, string target)
    {
        if (Now.Has(target) && (Now.Directories.Contains(target) || Now.AreSame(file, target))) return;
        Assert.Equal(Errno.OK, replica.Rename(file, target));
        Then(state => state.Rename(file, target));
    }

    private void Then(Action<ModelVolume> change)
    {
        ModelVolume next = Now.Clone();
        change(next);
        _states.Add(next);
        if (HasLinks) _states.RemoveRange(0, _states.Count - 1);
    }

    private string? Pick(List<string> paths) => paths.Count == 0 ? null : paths[random.Next(paths.Count)];
}
