using Bazil.Core;

namespace Bazil.Storage.Eviction;

/// <summary>What one peer holds here.</summary>
/// <param name="Objects">An object in two requests counts twice.</param>
/// <param name="LongestLeft">Until the last of it expires, unless it is renewed.</param>
public readonly record struct HeldByPeer(PeerId Peer, int Requests, long Objects, TimeSpan LongestLeft);
