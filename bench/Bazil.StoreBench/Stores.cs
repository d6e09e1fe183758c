using Bazil.Storage.Arena;
using Bazil.Storage.Stores;

namespace Bazil.StoreBench;

/// <summary>The stores that are measured.</summary>
internal static class Stores
{
    public static ValueTask<IObjectStore> OpenAsync(string kind, string directory) => kind switch
    {
        "arena" => ValueTask.FromResult<IObjectStore>(ArenaStore.Open("arena", directory, new ArenaOptions())),
        "files" => ValueTask.FromResult<IObjectStore>(FilesObjectStore.Open("files", directory)),
        _ => throw new ArgumentException($"there is no store {kind}"),
    };
}
