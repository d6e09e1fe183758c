using System.Diagnostics.CodeAnalysis;
using System.Text;
using Bazil.Core;

namespace Bazil.FileSystem.Nodes;

/// <summary>The name of a directory entry: 1 to 255 bytes as the program gave them, without '/' and NUL, not "." or "..".</summary>
public readonly struct FileName : IEquatable<FileName>, IComparable<FileName>
{
    private readonly byte[]? _bytes;

    private FileName(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>True for the names that exist in every directory, unlisted: no node is ever called so.</summary>
    public bool IsReserved => Span.SequenceEqual(".snap"u8) || Span.SequenceEqual(".bazil"u8);

    public static bool TryCreate(ReadOnlySpan<byte> bytes, out FileName name)
    {
        bool valid = bytes.Length is > 0 and <= Limits.NameBytesMax
            && !bytes.ContainsAny((byte)'/', (byte)0)
            && !bytes.SequenceEqual("."u8) && !bytes.SequenceEqual(".."u8);
        name = valid ? new FileName(bytes.ToArray()) : default;
        return valid;
    }

    /// <exception cref="WireFormatException">The bytes are not a name.</exception>
    public static FileName Parse(ReadOnlySpan<byte> bytes) =>
        TryCreate(bytes, out FileName name) ? name : throw new WireFormatException($"not a file name: {Convert.ToHexStringLower(bytes)}");

    public static FileName Parse(string text) => Parse(Encoding.UTF8.GetBytes(text));

    public bool Equals(FileName other) => Span.SequenceEqual(other.Span);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is FileName other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public int CompareTo(FileName other) => Span.SequenceCompareTo(other.Span);

    /// <summary>The name for messages: UTF-8, with replacement characters where it is none.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Span);

    public static bool operator ==(FileName left, FileName right) => left.Equals(right);

    public static bool operator !=(FileName left, FileName right) => !left.Equals(right);
}
