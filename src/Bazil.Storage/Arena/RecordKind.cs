namespace Bazil.Storage.Arena;

/// <summary>What a record in a segment is.</summary>
internal enum RecordKind : byte
{
    /// <summary>An object.</summary>
    Live = 1,

    /// <summary>An object that was deleted or replaced: nothing but its length counts.</summary>
    Dead = 2,

    /// <summary>An object whose bytes are wrong. They are kept.</summary>
    Damaged = 3,

    /// <summary>Nothing: bytes without meaning that a scan steps over.</summary>
    Gap = 4,

    /// <summary>Only says how far the segment was synced.</summary>
    Mark = 5,
}
