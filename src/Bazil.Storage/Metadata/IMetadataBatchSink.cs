namespace Bazil.Storage.Metadata;

/// <summary>Receives the changes of a <see cref="MetadataBatch"/> in order.</summary>
public interface IMetadataBatchSink
{
    void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    void Delete(ReadOnlySpan<byte> key);

    void DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to);
}
