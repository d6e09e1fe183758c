namespace Bazil.Peers.Metering;

/// <summary>What goes over a connection: metadata goes first.</summary>
internal enum TrafficKind
{
    Metadata,
    Content,
}
