using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>
/// What a handler answers: a value, or the reason why there is none. Both convert implicitly, so a handler says
/// <c>return entry;</c> or <c>return Errno.ENOENT;</c> (in a method that is not async: <c>return new(Errno.ENOENT);</c>).
/// A <c>default</c> reply was never filled in and is sent as EIO.
/// </summary>
public readonly struct Reply<T>
{
    private readonly bool _hasValue;
    private readonly Errno _error;
    private readonly T _value;

    private Reply(T value)
    {
        _hasValue = true;
        _value = value;
    }

    private Reply(Errno error)
    {
        _error = error;
        _value = default!;
    }

    public bool HasValue => _hasValue;

    /// <summary>OK exactly when there is a value.</summary>
    public Errno Error => _hasValue ? Errno.OK : _error == Errno.OK ? Errno.EIO : _error;

    internal bool IsUnset => !_hasValue && _error == Errno.OK;

    /// <summary>The value. Throws <see cref="InvalidOperationException"/> when there is none.</summary>
    public T Value => _hasValue ? _value : throw new InvalidOperationException($"the reply holds {Error}, not a value");

    public static implicit operator Reply<T>(T value) => new(value);

    public static implicit operator Reply<T>(Errno error) => new(error);
}
