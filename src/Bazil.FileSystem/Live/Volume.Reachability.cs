using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Live;

// What is in use without a row that names it.
public sealed partial class Volume
{
    /// <summary>
    /// What open files, unlinked ones included, refer to in the chunk store. Whoever wants everything that the volume refers to asks
    /// this first and takes its view of the rows afterwards: what was stored before this call is then named by one of
    /// both. Waits for a snapshot that is being written.
    /// </summary>
    /// <exception cref="IOException">The content of an open file could not be looked at.</exception>
    public async Task<IReadOnlyList<HeldContent>> ListHeldContentAsync(CancellationToken cancel)
    {
        await _snapshotting.WaitAsync(cancel);
        _snapshotting.Release();

        List<OpenFile> files;
        lock (_gate)
        {
            files = [.. _files.Values, .. _unlinked.Values];
            foreach (OpenFile file in files) file.Handles++;
        }

        var held = new List<HeldContent>();
        try
        {
            foreach (OpenFile file in files)
            {
                await file.Gate.WaitAsync(cancel);
                try
                {
                    foreach (BlobSubtree subtree in await file.ListStoredAsync(cancel)) held.Add(new HeldContent(file.Inode, subtree));
                    held.AddRange(ListArriving(file));
                }
                finally
                {
                    file.Gate.Release();
                }
            }
        }
        finally
        {
            foreach (OpenFile file in files) await ReleaseAsync(file, isWriter: false);
        }

        return held;
    }

    /// <summary>What copies under way are made from: it may have been replaced where it was.</summary>
    private List<HeldContent> ListArriving(OpenFile file)
    {
        lock (_gate) return [.. file.Arriving.Where(static copy => copy.Source.Form == ContentForm.Blob).Select(copy => new HeldContent(file.Inode, BlobSubtree.Of(copy.Source.Manifest)))];
    }
}
