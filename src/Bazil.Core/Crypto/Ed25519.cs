namespace Bazil.Core.Crypto;

/// <summary>Verification of signatures made by a <see cref="SigningKey"/>. Safe for concurrent use.</summary>
public static unsafe class Ed25519
{
    public const int SignatureSize = 64;

    /// <summary>True when <paramref name="signer"/> signed exactly this message. A signature of another length is not valid.</summary>
    public static bool Verify(in PeerId signer, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureSize) return false;
        fixed (byte* messageBytes = message, signatureBytes = signature, signerBytes = signer.Span)
        {
            return Sodium.crypto_sign_ed25519_verify_detached(signatureBytes, messageBytes, (ulong)message.Length, signerBytes) == 0;
        }
    }
}
