namespace Bazil.Storage.Metadata;

/// <summary>The metadata database failed: damaged, locked, full disk, or an I/O error. The message names the directory, the reason and what to do.</summary>
public sealed class MetadataException(string message, MetadataFailure failure, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Damage is what a caller reports who cannot make sense of a record.</summary>
    public MetadataException(string message, Exception? inner = null)
        : this(message, MetadataFailure.Damaged, inner)
    {
    }

    public MetadataFailure Failure { get; } = failure;
}
