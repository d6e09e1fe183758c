using System.Text;

namespace Bazil.TestChild.Posix;

// Calls about attributes.
internal sealed partial class Workload
{
    private const uint Unchanged = uint.MaxValue;

    private Call ChangeMode()
    {
        uint mode = Pick(Modes);
        if (random.Next(4) == 0 && Descriptor() is { } number)
            return new Call($"fchmod {number} {Octal(mode)}", side => Outcome.Of(Libc.ChangeMode(side.Open[number], mode), Status(side, number)));
        string path = Path();
        return new Call($"chmod {Show(path)} {Octal(mode)}", side => Outcome.Of(Libc.ChangeMode(side.At(path), mode)), path);
    }

    private Call ChangeOwner()
    {
        // Not both unchanged: the kernel does not tell FUSE of that, which on ext4 takes setuid.
        uint user = Pick(Unchanged, 0u, 1000u, 1001u), group = user == Unchanged ? Pick(0u, 1000u, 2000u) : Pick(Unchanged, 0u, 1000u, 2000u);
        if (random.Next(4) == 0 && Descriptor() is { } number)
            return new Call($"fchown {number} {(int)user} {(int)group}", side => Outcome.Of(Libc.ChangeOwner(side.Open[number], user, group), Status(side, number)));
        string path = Path();
        return new Call($"lchown {Show(path)} {(int)user} {(int)group}", side => Outcome.Of(Libc.ChangeOwner(side.At(path), user, group)), path);
    }

    private Call SetTimes()
    {
        const long Now = (1 << 30) - 1, Omit = (1 << 30) - 2;
        string path = Path();
        long[] times = [random.Next(), Pick(Now, Omit, random.Next(1_000_000_000)), random.Next(), Pick(Now, Omit, random.Next(1_000_000_000), 2_000_000_000)];
        int flags = Pick(0, 0x100);
        return new Call($"utimensat {Show(path)} {string.Join(' ', times)} {flags:x}", side => Outcome.Of(Libc.SetTimes(CurrentDirectory, side.At(path), times, flags)), path);
    }

    private Call Access()
    {
        string path = Path();
        int mode = random.Next(8), flags = 0x200;
        return new Call($"faccessat {Show(path)} {mode}", side => Outcome.Of(Libc.Access(CurrentDirectory, side.At(path), mode, flags)));
    }

    private Call Xattr()
    {
        string path = Path(), name = Pick("user.a", "user.b", "trusted.t", "security.s", "user.", "other.x", "noprefix", "user." + new string('n', 250));
        byte[] bytes = [.. Encoding.Latin1.GetBytes(name), 0];
        byte[] value = Data(Pick(0, 1, 100, 1000));
        int flags = Pick(0, 0, 1, 2);
        return random.Next(5) switch
        {
            0 => Get(path, name, bytes),
            1 => new Call($"lremovexattr {Show(path)} {Show(name)}", side => Outcome.Of(Libc.RemoveXattr(side.At(path), bytes)), path),
            2 => new Call($"llistxattr {Show(path)}", side => ListXattrs(side.At(path))),
            _ => new Call($"lsetxattr {Show(path)} {Show(name)} {value.Length} {flags}", side => Outcome.Of(Libc.SetXattr(side.At(path), bytes, value, value.Length, flags)), path),
        };
    }

    private Call AccessLists()
    {
        string path = Path(), name = Pick("system.posix_acl_access", "system.posix_acl_default");
        byte[] bytes = [.. Encoding.Latin1.GetBytes(name), 0];
        byte[] value = AccessList();
        return random.Next(5) switch
        {
            0 => Get(path, name, bytes),
            1 => new Call($"lremovexattr {Show(path)} {name}", side => Outcome.Of(Libc.RemoveXattr(side.At(path), bytes)), path),
            _ => new Call($"lsetxattr {Show(path)} {name} {Convert.ToHexStringLower(value)}", side => Outcome.Of(Libc.SetXattr(side.At(path), bytes, value, value.Length, 0)), path),
        };
    }

    /// <summary>A valid list as a rule.</summary>
    private byte[] AccessList()
    {
        var list = new List<byte>([2, 0, 0, 0]);
        void Add(int tag, int permissions, uint id) => list.AddRange([(byte)tag, 0, (byte)permissions, 0, .. BitConverter.GetBytes(id)]);
        bool isNamed = random.Next(3) != 0;
        Add(1, random.Next(8), Unchanged);
        if (isNamed) Add(2, random.Next(8), Pick(1000u, 1001u));
        Add(4, random.Next(8), Unchanged);
        if (isNamed && random.Next(2) == 0) Add(8, random.Next(8), 2000);
        if (isNamed) Add(16, random.Next(8), Unchanged);
        Add(32, random.Next(8), Unchanged);
        if (random.Next(12) == 0) list[4 + (8 * random.Next((list.Count - 4) / 8))] = (byte)random.Next(64);
        return [.. list];
    }

    private static Call Get(string path, string name, byte[] bytes) => new($"lgetxattr {Show(path)} {Show(name)}", side =>
    {
        byte[] value = new byte[65536];
        nint count = Libc.GetXattr(side.At(path), bytes, value, value.Length);
        return Outcome.Of(count, Digest(value.AsSpan(0, Math.Max(0, (int)count))));
    });

    /// <summary>All extended attributes with their values, in the order of their names.</summary>
    internal static Outcome ListXattrs(byte[] path)
    {
        byte[] names = new byte[65536];
        nint count = Libc.ListXattrs(path, names, names.Length);
        if (count < 0) return Outcome.Of(count);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in Encoding.Latin1.GetString(names, 0, (int)count).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            byte[] value = new byte[65536];
            nint size = Libc.GetXattr(path, [.. Encoding.Latin1.GetBytes(name), 0], value, value.Length);
            found[name] = Digest(value.AsSpan(0, Math.Max(0, (int)size)));
        }

        return Outcome.Of(found.Count, string.Join(' ', found.Select(entry => $"{entry.Key}={entry.Value}")));
    }
}
