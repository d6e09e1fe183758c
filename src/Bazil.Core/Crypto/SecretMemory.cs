using System.Runtime.InteropServices;

namespace Bazil.Core.Crypto;

/// <summary>
/// Memory for a secret: outside the GC heap, between guard pages, kept out of swap and core dumps where the limits of the
/// process allow it, and wiped when the last user is done. Safe for concurrent use; reads only after construction.
/// </summary>
internal sealed unsafe class SecretMemory : SafeHandle
{
    private readonly int _size;

    public SecretMemory(int size)
        : base(0, ownsHandle: true)
    {
        _size = size;
        byte* pointer = Sodium.sodium_malloc((nuint)size);
        if (pointer == null) throw new InvalidOperationException($"libsodium could not allocate {size} bytes of guarded memory: the limit of mappings or memory is reached");
        SetHandle((nint)pointer);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Keeps the memory alive until the result is disposed, also when this object is disposed meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">It was already disposed.</exception>
    public SecretLease Borrow()
    {
        bool added = false;
        DangerousAddRef(ref added);
        return new SecretLease(this, new Span<byte>((void*)handle, _size));
    }

    protected override bool ReleaseHandle()
    {
        Sodium.sodium_free((byte*)handle); // wipes
        return true;
    }
}
