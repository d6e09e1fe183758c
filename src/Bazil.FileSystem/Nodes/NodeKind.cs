namespace Bazil.FileSystem.Nodes;

/// <summary>What a node is. Never changes: a replaced type is a new node.</summary>
public enum NodeKind : byte
{
    Directory = 1,
    File = 2,
    Symlink = 3,
    Fifo = 4,
    Socket = 5,
    CharacterDevice = 6,
    BlockDevice = 7,

    /// <summary>The one node of a volume that holds its members and the ended replica ids.</summary>
    Members = 8,

    /// <summary>The one node of a volume that holds its sharing-key epochs.</summary>
    KeyEpochs = 9,
}
