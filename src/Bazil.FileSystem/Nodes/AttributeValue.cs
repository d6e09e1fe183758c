using Bazil.Unix;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// One value of the attribute facet. Immutable. Times do not count for equality. The shown modification time of a file
/// is that of the newer of this value and the shown content, by version.
/// </summary>
/// <param name="Mode">Permission bits, set-id bits and sticky bit (07777).</param>
/// <param name="Owner">Numeric owner, or <see cref="Self"/>.</param>
/// <param name="Group">Numeric group, or <see cref="Self"/>.</param>
/// <param name="ModifyTime">The modification time as shown when this value was written.</param>
/// <param name="Extended">Extended attributes.</param>
public sealed record AttributeValue(uint Mode, uint Owner, uint Group, UnixTime ModifyTime, ExtendedAttributes Extended)
{
    /// <summary>The owner of the volume, shown as the mounting user on every machine.</summary>
    public const uint Self = uint.MaxValue;

    public bool Equals(AttributeValue? other) =>
        other is not null && Mode == other.Mode && Owner == other.Owner && Group == other.Group && Extended.Equals(other.Extended);

    public override int GetHashCode() => HashCode.Combine(Mode, Owner, Group, Extended);
}
