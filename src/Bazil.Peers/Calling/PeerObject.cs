using System.Buffers;
using Bazil.Core;

namespace Bazil.Peers;

/// <summary>What a peer answered for one object of a batch.</summary>
/// <param name="Content">With <see cref="PeerObjectState.Found"/> only; whoever receives it disposes it.</param>
public readonly record struct PeerObject(ObjectId Id, PeerObjectState State, IMemoryOwner<byte>? Content);
