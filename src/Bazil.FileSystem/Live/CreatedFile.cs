using Bazil.Fuse;

namespace Bazil.FileSystem.Live;

/// <summary>A file made and opened in one step, or the one that had the name already.</summary>
internal readonly record struct CreatedFile(FuseAttributes Attributes, FuseHandle Handle, bool Existed);
