namespace Bazil.TestChild.Posix;

/// <summary>Makes up calls from one random source: few names, so that they meet, and sizes at the edges.</summary>
internal sealed partial class Workload(Random random)
{
    private const int OpenMax = 8;
    private const int Chunk = 128 * 1024;

    private static readonly string LongName = new('n', 255);
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "f", "\xFF\xFE", LongName];
    private static readonly string[] Odd = [new('x', 256), ".", "..", "", "a/", "d/..", "a/./b"];
    private static readonly long[] Sizes = [0, 1, 100, 511, 4095, 4096, 4097, Chunk - 1, Chunk, Chunk + 1, 3 * Chunk, 3 * Chunk + 777];
    private static readonly uint[] Modes = [0, 0x1A4, 0x180, 0x1ED, 0x1FF, 0x9ED, 0x5ED, 0xDFF, 0x3FF, 0x5B6, 0x92, 0x49];
    private static readonly uint[] Users = [0, 1000, 1001];

    private readonly List<int> _open = [];
    private int _lastDescriptor;

    /// <summary>The user as whom the next call is made: mostly root, for others may do little.</summary>
    public uint NextUser() => random.Next(3) == 0 ? Users[1 + random.Next(2)] : 0;

    public Call Next()
    {
        int dice = random.Next(100);
        return dice switch
        {
            < 10 => OpenFile(),
            < 16 => CloseFile(),
            < 26 => WriteFile(),
            < 31 => ReadFile(),
            < 35 => Truncate(),
            < 40 => Allocate(),
            < 44 => CopyRange(),
            < 46 => Seek(),
            < 53 => MakeDirectory(),
            < 56 => RemoveDirectory(),
            < 61 => Unlink(),
            < 69 => Rename(),
            < 73 => Link(),
            < 76 => Symlink(),
            < 77 => MakeNode(),
            < 83 => ChangeMode(),
            < 87 => ChangeOwner(),
            < 89 => SetTimes(),
            < 93 => Xattr(),
            < 96 => AccessLists(),
            < 98 => Access(),
            _ => List(),
        };
    }

    private string Path()
    {
        if (random.Next(40) == 0) return Pick(Odd);
        int depth = 1 + (random.Next(3) == 0 ? random.Next(3) : 0);
        return string.Join('/', Enumerable.Range(0, depth).Select(_ => random.Next(12) == 0 ? Pick(Names) : Pick(Names[..4])));
    }

    private static string ParentOf(string path) => path.Contains('/') ? path[..path.LastIndexOf('/')] : "";

    private T Pick<T>(params T[] from) => from[random.Next(from.Length)];

    private long Size() => Pick(Sizes) + (random.Next(3) == 0 ? random.Next(50) : 0);

    private byte[] Data(long size)
    {
        byte[] data = new byte[size];
        if (random.Next(5) != 0) random.NextBytes(data);
        return data;
    }

    private int? Descriptor() => _open.Count == 0 ? null : _open[random.Next(_open.Count)];

    private static string Digest(ReadOnlySpan<byte> data) =>
        data.Length <= 16 ? Convert.ToHexStringLower(data) : $"{data.Length}:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(data).AsSpan(0, 8))}";

    private static string Octal(uint mode) => Convert.ToString(mode, 8);

    private static string Show(string path) => path.Length > 100 ? $"{path[..10]}...({path.Length})" : string.Concat(path.Select(c => c < 128 ? $"{c}" : $"\\x{(int)c:x}"));
}
