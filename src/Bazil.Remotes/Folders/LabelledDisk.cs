using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Remotes.Folders;

/// <summary>
/// A disk by the label of its file system, wherever it is plugged in and mounted: <c>disk:LABEL</c>, its directory <c>bazil</c>, or <c>disk:LABEL/PATH</c>. udev keeps a link for each label in
/// <c>/dev/disk/by-label</c>, the kernel tells in <c>/proc/self/mountinfo</c> where the device is mounted.
/// </summary>
/// <param name="Label">As the file system has it.</param>
/// <param name="Directory">Below the root of the disk.</param>
public sealed record LabelledDisk(string Label, string Directory)
{
    private const string Prefix = "disk:";
    private const string DefaultDirectory = "bazil";
    private const string LabelDirectory = "/dev/disk/by-label";
    private const string MountTable = "/proc/self/mountinfo";

    /// <summary>Parses what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LabelledDisk? disk)
    {
        disk = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Any(char.IsControl)) return false;
        string rest = text[Prefix.Length..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string label = slash < 0 ? rest : rest[..slash], directory = slash < 0 ? DefaultDirectory : rest[(slash + 1)..].TrimEnd('/');
        if (label.Length == 0 || directory.Split('/').Any(static part => part is "" or "." or "..")) return false;
        disk = new LabelledDisk(label, directory);
        return true;
    }

    /// <summary>Opens the root of the disk: of the very mount that the kernel lists, not of a directory that is left in its place. The caller disposes it.</summary>
    /// <exception cref="StoreException">The disk is not here now: <see cref="StoreException.IsUnreachable"/>.</exception>
    public DirectoryHandle Open()
    {
        string link = Path.Combine(LabelDirectory, Encode(Label));
        if (!File.Exists(link)) throw new StoreException($"disk {Label} is not plugged in") { IsUnreachable = true, NextStep = "plug it in and mount it; the labels of the disks that are here: lsblk -o LABEL,MOUNTPOINT" };
        string device = Resolve(link);
        foreach (string line in File.ReadLines(MountTable))
        {
            if (TryParseMount(line) is var (id, mountpoint, source) && Resolve(source) == device && TryOpen(id, mountpoint) is { } root) return root;
        }

        throw new StoreException($"disk {Label} is plugged in, but not mounted; mount it ({device})") { IsUnreachable = true };
    }

    public override string ToString() => Directory == DefaultDirectory ? Prefix + Label : $"{Prefix}{Label}/{Directory}";

    /// <summary>Where the root of a device is mounted, by which id, and the device: fields 5, 1 and, behind the dash, 2 (proc_pid_mountinfo(5)). Null for other mounts: a part of a disk, no device.</summary>
    internal static (ulong Id, string Mountpoint, string Source)? TryParseMount(string line)
    {
        string[] fields = line.Split(' ');
        int dash = Array.IndexOf(fields, "-");
        if (dash < 6 || fields.Length < dash + 3 || fields[3] != "/" || !fields[dash + 2].StartsWith('/')) return null;
        if (!ulong.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out ulong id)) return null;
        return (id, Decode(fields[4]), Decode(fields[dash + 2]));
    }

    /// <summary>udev writes bytes that are not plain as <c>\xHH</c>.</summary>
    internal static string Encode(string label)
    {
        var encoded = new StringBuilder();
        foreach (char letter in label)
        {
            if (char.IsAsciiLetterOrDigit(letter) || letter > '\x7f' || "#+-.:=@_".Contains(letter, StringComparison.Ordinal)) encoded.Append(letter);
            else encoded.Append(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}");
        }

        return encoded.ToString();
    }

    /// <summary>The root of a mount; null when it is not there any more, or something else is mounted above it.</summary>
    internal static DirectoryHandle? TryOpen(ulong mountId, string mountpoint)
    {
        DirectoryHandle root;
        try
        {
            root = DirectoryHandle.Open(mountpoint);
        }
        catch (UnixException e) when (e.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }

        if (root.MountId == mountId) return root;
        root.Dispose();
        return null;
    }

    private static string Resolve(string source) =>
        File.Exists(source) && File.ResolveLinkTarget(source, returnFinalTarget: true) is { } target ? target.FullName : source;

    /// <summary>The kernel writes blank, tab, newline and backslash as <c>\OOO</c>.</summary>
    private static string Decode(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        foreach ((string code, string letter) in (ReadOnlySpan<(string, string)>)[("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")])
        {
            field = field.Replace(code, letter, StringComparison.Ordinal);
        }

        return field;
    }
}
