using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Bazil.Fuse.Session;

/// <summary>
/// Takes the arguments of a request apart, front to back: the struct of the operation, then names and data, which may lie
/// in a second place. Nothing outside them is read: what is missing makes a Try method return false, after which the
/// request counts as malformed.
/// </summary>
internal ref struct RequestReader(ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> payload)
{
    private readonly ReadOnlySpan<byte> _payload = payload;
    private ReadOnlySpan<byte> _rest = arguments.IsEmpty ? payload : arguments;
    private bool _inPayload = arguments.IsEmpty;

    /// <summary>What was not taken yet of the place that is being read.</summary>
    internal readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>The reason why the last name was not taken: the kernel sends names up to PATH_MAX, longer than any file system has.</summary>
    internal bool NameTooLong { get; private set; }

    /// <summary>The next struct, in place.</summary>
    internal bool TryTake<T>([NotNullWhen(true)] out T value)
        where T : unmanaged
    {
        if (_rest.Length < Unsafe.SizeOf<T>())
        {
            value = default;
            return false;
        }

        value = MemoryMarshal.Read<T>(_rest);
        Skip(Unsafe.SizeOf<T>());
        return true;
    }

    /// <summary>The first <paramref name="size"/> bytes of a struct that older kernels cut short; the rest of it is zero.</summary>
    internal bool TryTakePrefix<T>(int size, out T value)
        where T : unmanaged
    {
        value = default;
        if (_rest.Length < size) return false;
        _rest[..size].CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref value)));
        Skip(size);
        return true;
    }

    /// <summary>
    /// The next name of a directory entry and its NUL: 1 to 255 bytes without slash. <c>.</c> and <c>..</c> come only in lookups (of exported mounts).
    /// </summary>
    internal bool TryTakeName(out ReadOnlySpan<byte> name, bool allowDots = false) =>
        TryTakeText(out name, FuseLimits.NameBytes)
        && !name.Contains((byte)'/')
        && (allowDots || name is not ([(byte)'.'] or [(byte)'.', (byte)'.']));

    /// <summary>The next text up to its NUL, which is taken as well: 1 to <paramref name="longest"/> bytes.</summary>
    internal bool TryTakeText(out ReadOnlySpan<byte> text, int longest)
    {
        var length = _rest.IndexOf((byte)0);
        NameTooLong = length > longest;
        if (length <= 0 || length > longest)
        {
            text = default;
            return false;
        }

        text = _rest[..length];
        Skip(length + 1);
        return true;
    }

    /// <summary>The next <paramref name="count"/> bytes.</summary>
    internal bool TryTakeBytes(uint count, out ReadOnlySpan<byte> bytes)
    {
        if (count > (uint)_rest.Length)
        {
            bytes = default;
            return false;
        }

        bytes = _rest[..(int)count];
        Skip((int)count);
        return true;
    }

    /// <summary>Nothing straddles the two places: what comes next is in the payload once the arguments are used up.</summary>
    private void Skip(int count)
    {
        _rest = _rest[count..];
        if (!_rest.IsEmpty || _inPayload) return;
        _inPayload = true;
        _rest = _payload;
    }
}
