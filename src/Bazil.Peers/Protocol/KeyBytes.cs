using Bazil.Core.Crypto;
using Google.Protobuf;

namespace Bazil.Peers.Protocol;

/// <summary>Fingerprints of sharing keys in messages: 16 bytes, or none.</summary>
internal static class KeyBytes
{
    public static ByteString Of(KeyFingerprint key)
    {
        var bytes = new byte[KeyFingerprint.Size];
        key.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    /// <summary>False when it is neither a fingerprint nor absent.</summary>
    public static bool TryRead(ByteString bytes, out KeyFingerprint key)
    {
        key = bytes.Length == KeyFingerprint.Size ? KeyFingerprint.Read(bytes.Span) : default;
        return bytes.Length is 0 or KeyFingerprint.Size;
    }
}
