namespace Bazil.FileSystem.Nodes;

/// <summary>How the content of a node is kept.</summary>
public enum ContentForm : byte
{
    /// <summary>A file's bytes in the record itself: every file up to <see cref="Limits.InlineBytesMax"/>, so that equal bytes have one form.</summary>
    Inline = 1,

    /// <summary>A larger file's bytes in the content-addressed store.</summary>
    Blob = 2,

    /// <summary>The target of a symlink.</summary>
    Symlink = 3,

    /// <summary>A device number; 0 for fifos and sockets.</summary>
    Special = 4,
}
