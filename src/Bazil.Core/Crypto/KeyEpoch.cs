namespace Bazil.Core.Crypto;

/// <summary>
/// One epoch of a volume: from some rotation on, its sharing key is this one. Ordered by generation, then by fingerprint, so that members who
/// rotated without knowing of each other agree which of their epochs is the newer one. <c>default</c> means none.
/// </summary>
/// <param name="Generation">1 for the key the volume was created with; a rotation takes one more than the largest it knows.</param>
/// <param name="Key">The sharing key.</param>
public readonly record struct KeyEpoch(uint Generation, KeyFingerprint Key) : IComparable<KeyEpoch>
{
    /// <summary>Number of the epoch that a volume is created with. It has one key, so its number needs no fingerprint.</summary>
    public const uint FoundingNumber = 1;

    /// <summary>What 12 bits hold: a rotation each month for more than 300 years.</summary>
    public const uint GenerationMax = 4095;

    private const int FingerprintBits = 20;

    /// <summary>
    /// What a record says that was sealed in this epoch: the generation (12 bits) and the first 20 bits of the fingerprint; 1 for the founding epoch.
    /// Numbers are ordered as epochs are. Only epochs that members began at the same time can share one, by a chance of one in a million;
    /// readers then try both keys.
    /// </summary>
    public uint Number => Generation <= 1 ? Generation : (Generation << FingerprintBits) | (uint)(Key.Value >> (128 - FingerprintBits));

    public int CompareTo(KeyEpoch other)
    {
        int generations = Generation.CompareTo(other.Generation);
        return generations != 0 ? generations : Key.CompareTo(other.Key);
    }

    public override string ToString() => $"epoch {Generation} ({Key})";
}
