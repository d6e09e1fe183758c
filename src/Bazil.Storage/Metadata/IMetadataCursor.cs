namespace Bazil.Storage.Metadata;

/// <summary>A position in an ordered scan. Starts before the first entry.</summary>
public interface IMetadataCursor : IDisposable
{
    /// <summary>Valid until the next call of <see cref="MoveNext"/> or dispose.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <inheritdoc cref="Key"/>
    ReadOnlySpan<byte> Value { get; }

    /// <summary>Moves to the next entry; false at the end.</summary>
    bool MoveNext();
}
