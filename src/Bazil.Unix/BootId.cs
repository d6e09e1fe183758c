namespace Bazil.Unix;

/// <summary>Tells whether the kernel has been running without a break, so that what was written but not synced is still there.</summary>
public static class BootId
{
    private const string Path = "/proc/sys/kernel/random/boot_id";

    /// <summary>36 characters that are new at every boot.</summary>
    public static string Read() => File.ReadAllText(Path).Trim();
}
