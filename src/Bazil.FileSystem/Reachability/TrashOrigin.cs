using Bazil.FileSystem.Trash;

namespace Bazil.FileSystem.Reachability;

/// <summary>Content that the trash keeps.</summary>
internal sealed class TrashOrigin(TrashEntry entry) : ContentOrigin
{
    public override string Describe() => $"/{entry.PathText} (in the trash)";
}
