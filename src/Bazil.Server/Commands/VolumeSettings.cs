using System.Globalization;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Storage.Cas;

namespace Bazil.Server.Commands;

/// <summary>The settings of <c>bazil volume set</c>: their names, and their values as people write them.</summary>
internal static class VolumeSettings
{
    private const string Compression = "compression";
    private const string BrakeShare = "brake-share";
    private const string BrakeFiles = "brake-files";
    private const string TrashDays = "trash-days";
    private const string ReadTimeout = "read-timeout";

    /// <summary>Ten years.</summary>
    public const int TrashDaysMax = 3650;

    /// <summary>The volume with one setting changed.</summary>
    /// <exception cref="CommandFailedException">There is no such setting, or it cannot have this value.</exception>
    public static VolumeConfig Apply(VolumeConfig volume, VolumeSetting setting) => (setting.Name, setting.Value) switch
    {
        (Compression, "on") => volume with { Compression = ChunkCompression.Zstd },
        (Compression, "off") => volume with { Compression = ChunkCompression.None },
        (Compression, _) => throw new CommandFailedException(ErrorKind.Invalid, $"invalid value \"{setting.Value}\" of compression: it must be on or off"),
        (BrakeShare, "off") => volume with { Deletions = volume.Deletions with { BrakeShare = 1 } },
        (BrakeShare, _) => volume with { Deletions = volume.Deletions with { BrakeShare = Number(setting, 100, '%') / 100.0 } },
        (BrakeFiles, _) => volume with { Deletions = volume.Deletions with { BrakeFiles = Number(setting, int.MaxValue) } },
        (TrashDays, _) => volume with { Deletions = volume.Deletions with { TrashDays = Number(setting, TrashDaysMax) } },
        (ReadTimeout, _) => volume with { ReadTimeout = TimeSpan.FromSeconds(Seconds(setting)) },
        _ => throw new CommandFailedException(ErrorKind.Invalid, $"a volume has no setting \"{setting.Name}\"", "the settings are: compression=on|off, brake-share=PERCENT|off, brake-files=NUMBER, trash-days=DAYS, read-timeout=SECONDSs"),
    };

    private static int Seconds(VolumeSetting setting)
    {
        string text = setting.Value;
        int unit = text.EndsWith('m') ? 60 : 1;
        return int.TryParse(text.TrimEnd('s', 'm'), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && (long)number * unit <= Limits.ReadTimeoutMax.TotalSeconds
            ? number * unit
            : throw new CommandFailedException(ErrorKind.Invalid, $"invalid value \"{text}\" of {setting.Name}: it must be a number of seconds or minutes, such as 30s or 2m, up to {Limits.ReadTimeoutMax.TotalMinutes:0}m; 0s for not waiting at all");
    }

    private static int Number(VolumeSetting setting, int max, char? unit = null)
    {
        string text = unit is { } sign ? setting.Value.TrimEnd(sign) : setting.Value;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= max
            ? number
            : throw new CommandFailedException(ErrorKind.Invalid, $"invalid value \"{setting.Value}\" of {setting.Name}: it must be a number from 0 to {max}");
    }

    public static string TextOf(ChunkCompression compression) => compression == ChunkCompression.None ? "off" : "on";
}
