using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>The size of this node's own store, for people.</summary>
internal static class CacheText
{
    public static string Of(CacheInfo cache)
    {
        string limit = cache.LimitBytes is { } bytes ? $" of {ByteText.Of(bytes)}" : "", floor = cache.FreeBytesMin is { } least ? $", {ByteText.Of(cache.DiskFreeBytes)} free on the disk, at least {ByteText.Of(least)} wanted" : "";
        string over = cache.OverBytes == 0 ? "" : $", {ByteText.Of(cache.OverBytes)} to go{(cache.IsEvicting ? ", being evicted" : "")}";
        string held = cache.Held.Count == 0 ? "" : $", held for {string.Join(", ", cache.Held.Select(static held => $"{held.Peer}: {held.Objects} objects"))}";
        return $"{ByteText.Of(cache.UsedBytes)}{limit}{floor}{over}{held}";
    }
}
