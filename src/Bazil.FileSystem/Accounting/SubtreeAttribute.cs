using System.Globalization;
using System.Text;
using Bazil.Unix;

namespace Bazil.FileSystem.Accounting;

/// <summary>
/// The virtual extended attributes of directories that tell what lies below: not stored, not listed, not replicated. Values are decimal
/// text; the time is seconds and nanoseconds, as Ceph writes it.
/// </summary>
internal static class SubtreeAttribute
{
    private static ReadOnlySpan<byte> Prefix => "user.bazil.r"u8;

    /// <summary>True for the names that are taken, of files as of directories.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        name.StartsWith(Prefix) && (name.SequenceEqual("user.bazil.rbytes"u8) || name.SequenceEqual("user.bazil.rfiles"u8)
            || name.SequenceEqual("user.bazil.rsubdirs"u8) || name.SequenceEqual("user.bazil.rctime"u8));

    public static ReadOnlyMemory<byte> ValueOf(ReadOnlySpan<byte> name, in SubtreeUse use)
    {
        string text = name[Prefix.Length] switch
        {
            (byte)'b' => use.Bytes.ToString(CultureInfo.InvariantCulture),
            (byte)'f' => use.Files.ToString(CultureInfo.InvariantCulture),
            (byte)'s' => use.Directories.ToString(CultureInfo.InvariantCulture),
            _ => Text(use.ChangeTime),
        };
        return Encoding.ASCII.GetBytes(text);
    }

    private static string Text(UnixTime time) => string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:D9}");
}
