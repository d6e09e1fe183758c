using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>What chmod, chown, truncate and utimensat ask for. Only the fields named in <see cref="Fields"/> mean anything.</summary>
public readonly record struct AttributeChanges
{
    public AttributeField Fields { get; init; }

    /// <summary>New permission bits; the type bits are those of the node.</summary>
    public uint Mode { get; init; }

    public uint UserId { get; init; }

    public uint GroupId { get; init; }

    public long Size { get; init; }

    public UnixTime AccessTime { get; init; }

    public UnixTime ModificationTime { get; init; }

    public UnixTime ChangeTime { get; init; }

    public FuseHandle Handle { get; init; }

    public ulong LockOwner { get; init; }

    public bool Has(AttributeField field) => (Fields & field) != 0;
}
