using Bazil.Core;

namespace Bazil.FileSystem.Live;

/// <summary>The values of a <see cref="VolumeState"/> when a transaction began: what it returns to when the transaction is refused.</summary>
internal sealed record VolumeStateMark(
    Knowledge Settled,
    OwnHead Head,
    Knowledge Horizon,
    ulong Clock,
    int Unions,
    IReadOnlySet<InodeId> Loose,
    IReadOnlyDictionary<uint, Knowledge> References);
