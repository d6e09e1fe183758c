namespace Bazil.Storage.Metadata;

/// <summary>A frozen, consistent view of a metadata store. Holds space until disposed.</summary>
public interface IMetadataSnapshot : IMetadataReader, IDisposable;
