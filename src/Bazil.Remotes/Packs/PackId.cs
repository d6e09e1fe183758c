using System.Buffers.Binary;
using System.Globalization;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>The name of a pack: 16 random bytes.</summary>
internal readonly record struct PackId(UInt128 Value)
{
    public const int Size = 16;

    public const string Directory = "packs";

    private const string Suffix = ".pack";

    /// <summary>Its file: <c>packs/ab/abcd….pack</c>.</summary>
    public string FileName
    {
        get
        {
            string digits = ToString();
            return $"{Directory}/{digits[..2]}/{digits}{Suffix}";
        }
    }

    public static PackId Create(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    public static PackId Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);

    /// <summary>The pack of a file name; false for what <see cref="FileName"/> never makes.</summary>
    public static bool TryParseFileName(string name, out PackId id)
    {
        id = default;
        string digits = name.Length > 2 * Size + Suffix.Length ? name[^(2 * Size + Suffix.Length)..^Suffix.Length] : "";
        if (!UInt128.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 value)) return false;
        id = new PackId(value);
        return id.FileName == name;
    }

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
