using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Storage.Cas;

namespace Bazil.Server.Commands;

/// <summary>The settings of <c>bazil volume set</c>: their names, and their values as people write them.</summary>
internal static class VolumeSettings
{
    private const string Compression = "compression";

    /// <summary>The volume with one setting changed.</summary>
    /// <exception cref="CommandFailedException">There is no such setting, or it cannot have this value.</exception>
    public static VolumeConfig Apply(VolumeConfig volume, VolumeSetting setting) => (setting.Name, setting.Value) switch
    {
        (Compression, "on") => volume with { Compression = ChunkCompression.Zstd },
        (Compression, "off") => volume with { Compression = ChunkCompression.None },
        (Compression, _) => throw new CommandFailedException(ErrorKind.Invalid, $"invalid value \"{setting.Value}\" of compression: it must be on or off"),
        _ => throw new CommandFailedException(ErrorKind.Invalid, $"a volume has no setting \"{setting.Name}\"", "the settings are: compression=on|off"),
    };

    public static string TextOf(ChunkCompression compression) => compression == ChunkCompression.None ? "off" : "on";
}
