namespace Bazil.Remotes.Sftp;

/// <summary>Attributes of a file (draft-ietf-secsh-filexfer-02, section 5); what the server left out is null.</summary>
internal readonly record struct SftpAttributes(long? SizeBytes, uint? Mode, uint? ModifiedSeconds)
{
    private const uint TypeMask = 0xF000; // S_IFMT
    private const uint DirectoryType = 0x4000; // S_IFDIR
    private const uint RegularType = 0x8000; // S_IFREG

    public bool IsDirectory => (Mode & TypeMask) == DirectoryType;

    public bool IsFile => (Mode & TypeMask) == RegularType;
}
