using System.Diagnostics.CodeAnalysis;
using System.Text;
using Bazil.Core;
using Bazil.Remotes.Folders;
using Bazil.Remotes.S3;
using Bazil.Remotes.Sftp;
using Bazil.Server.Errors;

namespace Bazil.Server.Storages;

/// <summary>
/// Where objects are kept: this node's own store, a directory, a peer, another machine, or a disk that comes and goes. A closed set; as text <c>local</c>, an absolute path,
/// <c>peerkey:</c> and the peer's key, an <see cref="SftpAddress"/>, an <see cref="S3Address"/>, or a <see cref="LabelledDisk"/>.
/// </summary>
public abstract record StorageAddress
{
    private const string LocalText = "local";
    private const string PeerPrefix = "peerkey:";

    private StorageAddress()
    {
    }

    /// <summary>The files below <c>chunks</c> in the data directory.</summary>
    public static StorageAddress Local { get; } = new LocalStorage();

    /// <summary>A store on this machine: a volume may be written to it, and a peer may be offered it.</summary>
    public bool IsOnThisMachine => this is LocalStorage or DirectoryStorage;

    /// <summary>A store that may be away, on another machine or a removable disk: content is copied to it in the background.</summary>
    public bool IsRemote => this is SftpStorage or S3Storage or DiskStorage;

    /// <summary>Parses what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out StorageAddress? address)
    {
        address = null;
        if (text == LocalText) address = Local;
        else if (text.StartsWith('/') && !text.Contains('\0') && Encoding.UTF8.GetByteCount(text) <= Limits.PathBytesMax) address = new DirectoryStorage(text);
        else if (text.StartsWith(PeerPrefix, StringComparison.Ordinal) && PeerId.TryParse(text.AsSpan(PeerPrefix.Length), out PeerId peer))
        {
            address = new PeerStorage(peer);
        }
        else if (Encoding.UTF8.GetByteCount(text) <= Limits.PathBytesMax && SftpAddress.TryParse(text, out SftpAddress? sftp)) address = new SftpStorage(sftp);
        else if (S3Address.TryParse(text, out S3Address? bucket)) address = new S3Storage(bucket);
        else if (LabelledDisk.TryParse(text, out LabelledDisk? disk)) address = new DiskStorage(disk);

        return address is not null;
    }

    /// <summary>Refuses a password in an address, and what is wrong with one that may have credentials in it. The text is not repeated: errors are shown and logged.</summary>
    /// <exception cref="CommandFailedException">There is one.</exception>
    public static void CheckNoPassword(string text)
    {
        if (S3Address.IsMeant(text) && S3Address.ProblemOf(text) is { } problem) throw new CommandFailedException(ErrorKind.Invalid, $"invalid s3 address: {problem}");
        if (!SftpAddress.HasPassword(text)) return;
        throw new CommandFailedException(ErrorKind.Invalid, "an address with a password is not taken: others would see it", "log in with a key (ssh-keygen, ssh-copy-id), and leave the password out");
    }

    /// <summary>If the text names a peer (by key or by nickname), returns what follows the prefix.</summary>
    public static bool TryGetPeerText(string text, [NotNullWhen(true)] out string? peer)
    {
        peer = text.StartsWith(PeerPrefix, StringComparison.Ordinal) ? text[PeerPrefix.Length..] : null;
        return peer is not null;
    }

    /// <summary>This node's own store.</summary>
    public sealed record LocalStorage : StorageAddress
    {
        public override string ToString() => LocalText;
    }

    /// <summary>A files store in a directory such as a USB disk.</summary>
    public sealed record DirectoryStorage(string Path) : StorageAddress
    {
        public override string ToString() => Path;
    }

    /// <summary>The storage that a peer lets us use.</summary>
    public sealed record PeerStorage(PeerId Peer) : StorageAddress
    {
        public override string ToString() => PeerPrefix + Peer;
    }

    /// <summary>What this version cannot read, though one has stored it: nothing is kept there until it is removed or put right. Never parsed.</summary>
    public sealed record UnreadableStorage(string Text) : StorageAddress
    {
        public override string ToString() => Text;
    }

    /// <summary>Packs in a directory of a removable disk.</summary>
    public sealed record DiskStorage(LabelledDisk Disk) : StorageAddress
    {
        public override string ToString() => Disk.ToString();
    }

    /// <summary>Packs in a bucket.</summary>
    public sealed record S3Storage(S3Address Address) : StorageAddress
    {
        public override string ToString() => Address.ToString();
    }

    /// <summary>Packs in a directory that is reached over SFTP.</summary>
    public sealed record SftpStorage(SftpAddress Address) : StorageAddress
    {
        public override string ToString() => Address.ToString();
    }
}
