using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>What a replica runs on, as it is between one start and the next.</summary>
internal interface IReplicaHost
{
    TimeProvider Clock { get; }

    TaskScheduler Scheduler { get; }

    /// <summary>Its own store.</summary>
    IObjectStore Objects { get; }

    /// <summary>The stores of the other machines, for reading.</summary>
    IObjectStore PeerObjects { get; }

    /// <summary>The database, as the volume is to see it.</summary>
    IMetadataStore Powered(MemoryMetadataStore rows);
}
