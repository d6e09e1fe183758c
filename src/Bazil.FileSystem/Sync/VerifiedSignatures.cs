using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Checks signatures, and remembers those that were right: a member that lags, one of hundreds, shows in each pull what others have said since
/// in other words, and to check a signature takes as long as to hash 50 KiB. Wrong ones are not remembered. Safe for concurrent use.
/// </summary>
internal sealed class VerifiedSignatures
{
    /// <summary>Two statements and two heads of a thousand members: some 300 KiB when it is full.</summary>
    private const int EntriesMax = 4096;

    private const int DigestBytes = 32;

    private readonly Lock _gate = new(); // guards both; a leaf
    private readonly HashSet<(UInt128, UInt128)> _known = [];
    private readonly Queue<(UInt128, UInt128)> _inOrder = [];

    /// <summary>How many were checked and not remembered.</summary>
    public long Checked { get; private set; }

    public bool IsValid(PeerId signer, ReadOnlySpan<byte> statement, ReadOnlySpan<byte> signature)
    {
        (UInt128, UInt128) digest = DigestOf(signer, statement, signature);
        lock (_gate)
        {
            if (_known.Contains(digest)) return true;
            Checked++;
        }

        if (!Ed25519.Verify(signer, statement, signature)) return false;
        lock (_gate)
        {
            if (!_known.Add(digest)) return true;
            _inOrder.Enqueue(digest);
            if (_inOrder.Count > EntriesMax) _known.Remove(_inOrder.Dequeue());
        }

        return true;
    }

    /// <summary>Of all three, each with a place of its own: a signature under other words, or another name, is another one.</summary>
    private static (UInt128, UInt128) DigestOf(PeerId signer, ReadOnlySpan<byte> statement, ReadOnlySpan<byte> signature)
    {
        Span<byte> digest = stackalloc byte[DigestBytes];
        Blake2b.Hash([.. signer.Span, .. signature, .. statement], digest, personal: "bazil-verified\0\0"u8);
        return (BinaryPrimitives.ReadUInt128BigEndian(digest), BinaryPrimitives.ReadUInt128BigEndian(digest[(DigestBytes / 2)..]));
    }
}
