namespace Bazil.Core;

/// <summary>The identity of a node on all replicas: the version of its creation. It never changes. <c>default</c> means none.</summary>
public readonly record struct NodeId(Version Creation) : IComparable<NodeId>
{
    public const int Size = Version.Size;

    /// <summary>The root directory of every volume. Tick 0 is used by no real change.</summary>
    public static readonly NodeId Root = new(new Version(0, new ReplicaId(1)));

    /// <summary>The node that holds the members of the volume and the ended replica ids. Not shown in the tree.</summary>
    public static readonly NodeId Members = new(new Version(0, new ReplicaId(2)));

    /// <summary>The node that holds the sharing-key epochs of the volume, made by its first rotation. Not shown in the tree.</summary>
    public static readonly NodeId KeyEpochs = new(new Version(0, new ReplicaId(3)));

    public bool IsNone => Creation == default;

    public static NodeId Read(ReadOnlySpan<byte> bytes) => new(Version.Read(bytes));

    public void Write(Span<byte> destination) => Creation.Write(destination);

    public int CompareTo(NodeId other) => Creation.CompareTo(other.Creation);

    public override string ToString() => Creation.ToString();
}
