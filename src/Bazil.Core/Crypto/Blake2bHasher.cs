using System.Runtime.InteropServices;

namespace Bazil.Core.Crypto;

/// <summary>BLAKE2b over data that arrives in pieces. One thread at a time; finish once; dispose wipes the state.</summary>
public sealed unsafe class Blake2bHasher : SafeHandle
{
    private const nuint Alignment = 64; // crypto_generichash_blake2b_state is CRYPTO_ALIGN(64)

    private readonly int _hashSize;
    private bool _finished;

    /// <inheritdoc cref="Blake2b.Hash"/>
    public Blake2bHasher(int hashSize, ReadOnlySpan<byte> key = default, ReadOnlySpan<byte> salt = default, ReadOnlySpan<byte> personal = default)
        : base(0, ownsHandle: true)
    {
        Blake2b.CheckParameters(hashSize, key, salt, personal);
        _hashSize = hashSize;
        SetHandle((nint)NativeMemory.AlignedAlloc(Sodium.crypto_generichash_blake2b_statebytes(), Alignment));
        int result;
        fixed (byte* keyBytes = key, saltBytes = salt, personalBytes = personal)
        {
            result = Sodium.crypto_generichash_blake2b_init_salt_personal(
                (byte*)handle, keyBytes, (nuint)key.Length, (nuint)hashSize, saltBytes, personalBytes);
        }

        Invariant.Check(result == 0);
    }

    public override bool IsInvalid => handle == 0;

    public void Append(ReadOnlySpan<byte> data)
    {
        CheckUsable();
        fixed (byte* bytes = data) Invariant.Check(Sodium.crypto_generichash_blake2b_update((byte*)handle, bytes, (ulong)data.Length) == 0);
    }

    /// <param name="hash">Exactly as long as was asked for in the constructor.</param>
    public void Finish(Span<byte> hash)
    {
        CheckUsable();
        if (hash.Length != _hashSize) throw new ArgumentException($"the hash was set up for {_hashSize} bytes, not {hash.Length}");
        _finished = true;
        fixed (byte* bytes = hash) Invariant.Check(Sodium.crypto_generichash_blake2b_final((byte*)handle, bytes, (nuint)hash.Length) == 0);
    }

    protected override bool ReleaseHandle()
    {
        Sodium.sodium_memzero((byte*)handle, Sodium.crypto_generichash_blake2b_statebytes());
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    private void CheckUsable()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (_finished) throw new InvalidOperationException("the hash was already finished");
    }
}
