using System.Buffers.Binary;
using System.Globalization;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Remotes.Packs;

/// <summary>
/// The name of a pack: 10 random bytes ‖ the first 6 of the BLAKE2b-128 (personal <c>bazil-pack-owner</c>) of these and the public key of the node that wrote it. So who knows a node's key can
/// tell its packs, and a node that has lost its database its own. Whoever may write to the folder can name packs as others do: it is no proof.
/// </summary>
internal readonly record struct PackId(UInt128 Value)
{
    public const int Size = 16;

    public const string Directory = "packs";

    private const string Suffix = ".pack";
    private const int RandomBytes = 10;

    /// <summary>Its file: <c>packs/ab/abcd….pack</c>.</summary>
    public string FileName
    {
        get
        {
            string digits = ToString();
            return $"{Directory}/{digits[..2]}/{digits}{Suffix}";
        }
    }

    public static PackId Create(IEntropy entropy, in PeerId owner)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes[..RandomBytes]);
        WriteOwner(bytes, owner);
        return Read(bytes);
    }

    /// <summary>Whether its name says that a node wrote it.</summary>
    public bool IsOf(in PeerId owner)
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        WriteOwner(bytes, owner);
        return Read(bytes) == this;
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

    private static void WriteOwner(Span<byte> bytes, in PeerId owner)
    {
        Span<byte> named = stackalloc byte[RandomBytes + PeerId.Size], hash = stackalloc byte[16];
        bytes[..RandomBytes].CopyTo(named);
        owner.Span.CopyTo(named[RandomBytes..]);
        Blake2b.Hash(named, hash, personal: "bazil-pack-owner"u8);
        hash[..(Size - RandomBytes)].CopyTo(bytes[RandomBytes..]);
    }
}
