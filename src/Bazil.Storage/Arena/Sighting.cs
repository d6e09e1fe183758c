namespace Bazil.Storage.Arena;

/// <summary>Where an object was seen last.</summary>
/// <param name="State">What is there.</param>
/// <param name="Segment">Null when nothing was found, or only that something is missing.</param>
/// <param name="Header">Of the record; default when it cannot be read.</param>
/// <param name="Reason">Of damage.</param>
/// <param name="Failure">Set when the disk refused to show the record.</param>
internal readonly record struct Sighting(SightingState State, Segment? Segment, uint Block, RecordHeader Header, string Reason, Exception? Failure)
{
    public bool IsLive => State == SightingState.Live;

    /// <summary>A record that is certainly the object's, be it right or damaged.</summary>
    public bool IsRecord => State != SightingState.None && Header.Kind is RecordKind.Live or RecordKind.Damaged;

    public bool IsAt(Segment segment, uint block) => IsLive && Segment == segment && Block == block;
}
