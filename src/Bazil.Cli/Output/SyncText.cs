using System.Globalization;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>How it stands with synchronisation, for people: a line for each volume and peer.</summary>
internal static class SyncText
{
    public static void Print(CliEnvironment environment, IReadOnlyList<VolumeSyncInfo> volumes)
    {
        foreach (VolumeSyncInfo volume in volumes)
        {
            string paused = volume.IsPaused ? ", paused" : "";
            string conflicts = volume.Conflicts > 0 ? $", {Count(volume.Conflicts.Value, "conflict", "conflicts")}" : "";
            environment.Output.WriteLine($"sync of {volume.Volume}{paused}{conflicts}{environment.Hint(Waiting(volume))}:");
            foreach (PeerSyncInfo peer in volume.Peers) environment.Output.WriteLine($"  {peer.Peer}: {Of(peer)}");
        }
    }

    /// <summary>What has come and is not shown, with the reason.</summary>
    private static string Waiting(VolumeSyncInfo volume)
    {
        string postponed = volume.Postponed > 0 ? $", {Count(volume.Postponed.Value, "change waits", "changes wait")} for a program to close the file (bazil volume pending {volume.Volume})" : "";
        string held = volume.HeldDeletions > 0 ? $", deletions of {volume.HeldDeletions} files wait for your consent (bazil volume pending {volume.Volume})" : "";
        return postponed + held;
    }

    /// <summary>What is not done yet, for somebody who waits.</summary>
    public static IEnumerable<string> Progress(VolumeSyncInfo volume) =>
        volume.Peers.Where(static peer => peer.State != "connected" || peer.IsBehindHere != false || peer.BehindThere != 0).Select(peer => $"{volume.Volume}, {peer.Peer}: {Of(peer)}");

    private static string Of(PeerSyncInfo peer)
    {
        var parts = new List<string> { peer.State };
        if (peer.State is "unreachable") parts[0] = $"not connected since {TimeText.Of(peer.Since)}";
        if (peer.Reason is { } reason) parts.Add(reason);
        if (peer.RetryAt is { } retry) parts.Add($"next try at {TimeText.Of(retry)}");
        if (peer.ReceivedBytes is { } bytes) parts.Add(Received(peer, bytes));
        else if (peer.IsBehindHere == true) parts.Add(NewsOf(peer));
        if (peer.BehindThere is { } behind and > 0) parts.Add($"{(peer.IsMore ? "more than " : "")}{Count(behind, "change is", "changes are")} not there yet{(peer.BehindThereBytes is { } size and > 0 ? $", with {ByteText.Of(size)} of content" : "")}");
        if (peer is { IsBehindHere: false, BehindThere: 0 }) parts.Add("up to date");
        if (peer.State is not ("connected" or "receiving")) parts.Add(peer.LastSeen is { } seen ? $"last seen {TimeText.Of(seen)}" : "not seen since the server was started");
        return string.Join("; ", parts);
    }

    /// <summary>What a peer says that it has, which may have changed since.</summary>
    private static string NewsOf(PeerSyncInfo peer)
    {
        if (peer.BehindHere is not { } count) return "it has changes that are not here yet";
        return $"it has {(peer.IsMoreHere ? "more than " : "")}{Count(count, "change that is", "changes that are")} not here yet{(peer.BehindHereBytes is { } size and > 0 ? $", with {ByteText.Of(size)} of content" : "")}";
    }

    private static string Received(PeerSyncInfo peer, long bytes)
    {
        string items = peer.ReceivedItems is not { } count ? "" : peer.ExpectedItems is { } expected ? $"{count} of {expected} changes, " : $"{Count((int)Math.Min(count, int.MaxValue), "change", "changes")}, ";
        string rate = peer.BytesPerSecond is { } perSecond ? $" at {ByteText.Of((long)perSecond)}/s" : "";
        string left = peer.SecondsLeft is { } seconds ? $", {TimeText.OfDuration(TimeSpan.FromSeconds(seconds))} left" : "";
        return $"{items}{ByteText.Of(bytes)} received{rate}{left}{(peer.Latest is { } latest ? $", last {latest}" : "")}";
    }

    private static string Count(int count, string one, string many) => count == 1 ? $"1 {one}" : $"{count.ToString(CultureInfo.InvariantCulture)} {many}";
}
