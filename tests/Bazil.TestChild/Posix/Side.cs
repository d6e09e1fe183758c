using System.Text;

namespace Bazil.TestChild.Posix;

/// <summary>One of the two trees that get the same calls, with the descriptors that are open in it.</summary>
internal sealed class Side(string root)
{
    private readonly byte[] _root = Encoding.UTF8.GetBytes(root);
    private readonly Dictionary<string, NodeStatus> _last = [];

    /// <summary>Open descriptors by the number they have on both sides.</summary>
    public Dictionary<int, int> Open { get; } = [];

    /// <summary>The path of a name below the root, as the kernel wants it. Names are Latin-1 strings: one character is one byte.</summary>
    public byte[] At(string path) => [.. _root, (byte)'/', .. Encoding.Latin1.GetBytes(path), 0];

    /// <summary>What a path shows, and whether its times moved since this was asked last.</summary>
    public string Look(string path)
    {
        if (NodeStatus.OfPath(At(path)) is not { } status)
        {
            _last.Remove(path);
            return "nothing";
        }

        string moved = _last.TryGetValue(path, out NodeStatus last) && last.Inode == status.Inode
            ? $" mtime {(last.ModifyTime == status.ModifyTime ? "kept" : "moved")} ctime {(last.ChangeTime == status.ChangeTime ? "kept" : "moved")}"
            : "";
        _last[path] = status;
        return status.Describe() + moved;
    }
}
