using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary>The sharing keys of a volume, and how far a rotation has come, for people.</summary>
internal static class RotationText
{
    public static IEnumerable<(string Name, string Value)> Fields(RotationInfo keys)
    {
        bool isUnderWay = keys.Epochs.Count > 1;
        if (isUnderWay || keys.Epochs[0].Generation > 1)
        {
            foreach (KeyEpochInfo epoch in keys.Epochs)
            {
                string state = epoch == keys.Epochs[^1] ? "newest" : "ends when nobody needs it";
                yield return ("key epoch", $"{epoch.Generation}: {epoch.KeyName ?? "key is missing here"} ({epoch.Fingerprint}), {state}");
            }
        }

        if (!isUnderWay) yield break;
        yield return ("rotation", Progress(keys));
        foreach (MemberRotationInfo member in keys.Members) yield return ("rotation of", $"{member.Member ?? "this node"}: {Describe(member.State)}");
    }

    private static string Progress(RotationInfo keys)
    {
        var parts = new List<string> { keys.PercentSeen < 100 ? $"{keys.PercentSeen}% of the files looked at" : "all files looked at" };
        if (keys.OldFiles > 0) parts.Add($"{keys.OldFiles} files under an old key whose content is not here in full (a member that has it, or reading it, helps)");
        if (keys.OldOpenFiles > 0) parts.Add($"{keys.OldOpenFiles} files to be closed first");
        if (keys.OldSnapshots.Count > 0) parts.Add($"needed by snapshot {string.Join(", ", keys.OldSnapshots)}");
        return string.Join("; ", parts);
    }

    private static string Describe(string state) => state switch
    {
        "done" => "needs no old key",
        "working" => "has the new key, and still content or snapshots under an old one",
        _ => "waits for the new key, or has not been synced with since",
    };
}
