using System.Text;
using Bazil.Core;
using Bazil.Server.Errors;
using Bazil.Unix;

namespace Bazil.Server.DataDirectories;

/// <summary>
/// The layout of one node's data directory. Only its owner may enter it.
/// <code>
/// lock        held by the process that has the database open; names it
/// metadata/   the database
/// objects/    this node's own store
/// peers/KEY/objects/  what a peer put here, unverified
/// chunks/, peers/KEY/chunks/  the same as an older version kept it
/// control     the Unix socket of the control protocol
/// secrets/    credentials of storages, a file each that only its owner may read
/// ssh_config  optional: the configuration of ssh for storages on other machines, instead of the person's own
/// </code>
/// </summary>
public sealed class DataDirectory
{
    /// <param name="path">An absolute path.</param>
    /// <exception cref="CommandFailedException">The path is too long for a Unix socket.</exception>
    public DataDirectory(string path)
    {
        Invariant.Check(System.IO.Path.IsPathFullyQualified(path));
        Path = path;
        int bytes = Encoding.UTF8.GetByteCount(ControlSocket);
        if (bytes > Limits.SocketPathBytesMax)
        {
            throw new CommandFailedException(
                ErrorKind.Invalid,
                $"the data directory's path is too long: its control socket would have {bytes} bytes, the kernel allows {Limits.SocketPathBytesMax}",
                "choose a shorter one with -data-dir=PATH");
        }
    }

    public string Path { get; }

    public string Lock => Below("lock");

    public string Metadata => Below("metadata");

    public string Objects => Below("objects");

    public string Chunks => Below("chunks");

    /// <summary>One directory for each peer that put objects here.</summary>
    public string Peers => Below("peers");

    /// <summary>Credentials of storages, by name.</summary>
    public string Secrets => Below("secrets");

    public string SshConfig => Below("ssh_config");

    public string ControlSocket => Below("control");

    /// <summary>Where the objects that a peer put here are kept, apart from our own.</summary>
    public string PeerObjects(in PeerId peer) => System.IO.Path.Combine(Peers, peer.ToString(), "objects");

    /// <summary>Where an older version kept them.</summary>
    public string PeerChunks(in PeerId peer) => System.IO.Path.Combine(Peers, peer.ToString(), "chunks");

    /// <summary>Makes the directory if it is missing, and closes it to others in any case.</summary>
    /// <exception cref="CommandFailedException">It cannot be made, or is not ours.</exception>
    public void Create()
    {
        try
        {
            if (System.IO.Path.GetDirectoryName(Path) is { } parent) Directory.CreateDirectory(parent);
            PrivatePath.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"cannot make the data directory {Path}: {e.Message}", inner: e);
        }
    }

    /// <exception cref="CommandFailedException">It does not exist.</exception>
    public void RequireExists()
    {
        if (!Directory.Exists(Path)) throw new CommandFailedException(ErrorKind.NotFound, $"there is no data directory {Path}", $"make one with: bazil create -data-dir={Path}");
    }

    private string Below(string name) => System.IO.Path.Combine(Path, name);
}
