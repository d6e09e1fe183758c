namespace Bazil.Storage.Stores;

/// <summary>Kinds of <see cref="StoreProblem"/>.</summary>
public enum StoreProblemKind
{
    /// <summary>An object whose bytes are wrong.</summary>
    DamagedObject,

    /// <summary>Bytes that were synced and are no record any more: the ids of what lay there are unknown.</summary>
    DamagedRange,

    /// <summary>A place that the disk refuses to show: what lies there is neither lost nor known to be right, and is left as it is.</summary>
    UnreadableRange,

    /// <summary>The head of a segment is damaged; its records are checked one by one and stay readable.</summary>
    DamagedSegmentHeader,

    /// <summary>A segment that the store had is not there.</summary>
    MissingSegment,

    /// <summary>A file that is named like a segment and is another one: a copy, or from another store.</summary>
    ForeignSegment,

    /// <summary>A file of the index was damaged or missing, and was built again from the segments.</summary>
    RebuiltIndex,

    /// <summary>Objects that were never synced were cut off after a crash.</summary>
    TornTail,

    /// <summary>The disk refused a change; whoever wanted it was told.</summary>
    FailedWrite,

    /// <summary>Work in the background failed, and will be tried again.</summary>
    BackgroundFailure,
}
