using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Eviction;

/// <summary>What a file shows, as far as it lies in stores.</summary>
/// <param name="Versions">Of this content: whoever knows one of them keeps what it consists of.</param>
public sealed record EvictableContent(InodeId File, Manifest Content, ImmutableArray<Version> Versions);
