namespace Bazil.Storage.Eviction;

/// <summary>What a store says to the request to hold an object. The numbers are those of the peer protocol.</summary>
public enum HoldAnswer : byte
{
    /// <summary>It is not there, or not whole.</summary>
    Absent = 0,

    /// <summary>It is there, and stays until the hold is released or has expired.</summary>
    Held = 1,

    /// <summary>It is about to go there, too, and the one who asked is to keep it.</summary>
    Leaving = 2,

    /// <summary>It is there, but whoever asked holds as much as one may.</summary>
    Full = 3,
}
