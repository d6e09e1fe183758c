using Bazil.Core;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>A volume at one moment.</summary>
/// <param name="View">Its rows; disposed with this.</param>
/// <param name="Taken">The moment.</param>
/// <param name="Unpublished">What had been written to open files and not published.</param>
internal sealed record FrozenView(IMetadataSnapshot View, UnixTime Taken, IReadOnlyDictionary<InodeId, WorkingContent> Unpublished) : IDisposable
{
    public void Dispose() => View.Dispose();
}
