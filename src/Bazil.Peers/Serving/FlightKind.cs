namespace Bazil.Peers.Serving;

/// <summary>What a request needs permission for.</summary>
internal enum FlightKind
{
    Control,
    Volume,

    /// <summary>A stream of notes about a volume.</summary>
    Watch,
    Storage,
}
