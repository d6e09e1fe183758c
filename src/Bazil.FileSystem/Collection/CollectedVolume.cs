using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Collection;

/// <summary>A volume whose content a collection of garbage keeps.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Volume">In use or not, but open.</param>
/// <param name="LocalNumber">The number of its rows.</param>
/// <param name="Chunks">Where its pointer chunks are read; what is not here is fetched from elsewhere.</param>
/// <param name="IdsOf">The objects that a chunk may be stored as: one for each sharing key of the volume.</param>
public sealed record CollectedVolume(string Name, Volume Volume, uint LocalNumber, IChunkStore Chunks, Func<ReachableChunk, IEnumerable<ObjectId>> IdsOf);
