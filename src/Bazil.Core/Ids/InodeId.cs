using System.Globalization;

namespace Bazil.Core;

/// <summary>
/// A local inode number. Below 1024 reserved, from 1024 allocated, top bit set dynamic (<c>.snap</c>, <c>.bazil</c>).
/// <c>default</c> means none.
/// </summary>
public readonly record struct InodeId(ulong Value) : IComparable<InodeId>
{
    public static readonly InodeId Root = new(1);

    public const ulong FirstAllocated = 1024;
    public const ulong DynamicBit = 1UL << 63;

    public bool IsDynamic => (Value & DynamicBit) != 0;

    public int CompareTo(InodeId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
