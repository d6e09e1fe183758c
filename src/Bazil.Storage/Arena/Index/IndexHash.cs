namespace Bazil.Storage.Arena.Index;

/// <summary>128 bits made from an id under a seed.</summary>
/// <param name="Place">Orders the keys of a file: its top bits choose the part. Its low 16 bits are the fingerprint.</param>
/// <param name="Slot">Chooses bucket and slot in the part.</param>
internal readonly record struct IndexHash(ulong Place, ulong Slot)
{
    public ushort Fingerprint => (ushort)Place;

    public int PartOf(int partCount) => (int)Math.BigMul(Place, (ulong)(uint)partCount, out _);
}
