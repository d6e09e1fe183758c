using Bazil.Server.Errors;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;

namespace Bazil.Server.Storages;

/// <summary>
/// A store in the data directory: an arena. Where an older version left a files store, both are used together: what is put goes
/// into the arena, and <c>bazil store convert</c> moves the rest.
/// </summary>
internal static class OwnStore
{
    /// <summary>Added to the name of a directory whose objects have all moved; it is removed when it is met.</summary>
    private const string ConvertedSuffix = ".converted";

    /// <param name="name">For messages.</param>
    /// <param name="arena">Where the arena is, or will be.</param>
    /// <param name="files">Where a files store may be.</param>
    /// <param name="trust">What an id that is already there proves.</param>
    /// <exception cref="CommandFailedException">It cannot be opened.</exception>
    public static IObjectStore Open(string name, string arena, string files, ArenaTrust trust)
    {
        try
        {
            RemoveConverted(files);
            Directory.CreateDirectory(Path.GetDirectoryName(arena)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            FilesObjectStore? old = FilesObjectStore.Exists(files) ? FilesObjectStore.Open(name, files) : null;
            try
            {
                ArenaStore store = ArenaStore.Open(name, arena, new ArenaOptions { Trust = trust });
                return old is null ? store : new ConvertingObjectStore(old, store);
            }
            catch
            {
                old?.DisposeAsync().AsTask().GetAwaiter().GetResult();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"cannot use storage {arena}: {e.Message}", inner: e);
        }
    }

    /// <summary>Removes the files store of a finished conversion.</summary>
    /// <exception cref="IOException">It cannot be removed; it is tried again at the next start.</exception>
    public static void RemoveFiles(string files)
    {
        // Renamed first: nobody shall take a half removed store for one that has everything.
        if (Directory.Exists(files)) Directory.Move(files, files + ConvertedSuffix);
        RemoveConverted(files);
    }

    private static void RemoveConverted(string files)
    {
        string converted = files + ConvertedSuffix;
        if (Directory.Exists(converted)) Directory.Delete(converted, recursive: true);
    }
}
