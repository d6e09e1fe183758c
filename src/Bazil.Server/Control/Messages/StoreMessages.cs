namespace Bazil.Server.Control.Messages;

/// <summary>This node's own store.</summary>
/// <param name="Objects">Objects in it.</param>
/// <param name="LiveBytes">What they occupy.</param>
/// <param name="DeadBytes">Of deleted objects, in segments that still exist; most of it has been given back to the disk already.</param>
/// <param name="Segments">Files that hold the objects.</param>
/// <param name="NeedsConversion">Objects of an older version are beside it, readable, and not counted.</param>
public sealed record StoreInfo(string Name, long Objects, long LiveBytes, long DeadBytes, int Segments, bool NeedsConversion);

/// <summary>What a conversion did.</summary>
/// <param name="Objects">Objects moved.</param>
/// <param name="Bytes">Bytes moved.</param>
/// <param name="LeftObjects">Objects that stay where they were.</param>
/// <param name="Reason">Why the last of them stays.</param>
public sealed record StoreConvertReply(long Objects, long Bytes, long LeftObjects, string? Reason);
