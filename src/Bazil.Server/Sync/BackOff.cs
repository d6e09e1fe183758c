using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Server.Sync;

/// <summary>
/// How long to wait before a peer is called again: twice as long after each failure, from <see cref="Limits.BackOffMin"/> to <see cref="Limits.BackOffMax"/>, and of that
/// a random part between a half and the whole, so that many machines do not call at once when one of them is back. Not for concurrent use.
/// </summary>
internal sealed class BackOff(IEntropy entropy)
{
    private int _failures;

    /// <summary>The wait after one more failure.</summary>
    public TimeSpan Next()
    {
        double whole = Limits.BackOffMin.TotalSeconds * Math.Pow(2, Math.Min(_failures, 30));
        _failures++;
        Span<byte> random = stackalloc byte[sizeof(uint)];
        entropy.Fill(random);
        double part = 0.5 + (BinaryPrimitives.ReadUInt32LittleEndian(random) / (2.0 * uint.MaxValue));
        return TimeSpan.FromSeconds(Math.Min(whole, Limits.BackOffMax.TotalSeconds) * part);
    }

    /// <summary>It worked, or there is reason to think that it would.</summary>
    public void Reset() => _failures = 0;
}
