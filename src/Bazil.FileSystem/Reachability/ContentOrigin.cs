using Bazil.Core;

namespace Bazil.FileSystem.Reachability;

/// <summary>Through what a chunk is reached.</summary>
public abstract class ContentOrigin
{
    /// <summary>
    /// For people: a path from the root of the volume such as <c>/photos/a.jpg</c> or <c>/.snap/monday/photos/a.jpg</c>, and what is
    /// special about it. Found out when it is asked for, while the view that was walked is open. Never throws for want of rows.
    /// </summary>
    public abstract string Describe();

    /// <summary>The member whose snapshot it is part of; null for what is of this node.</summary>
    public virtual PeerId? KeptBy => null;

    /// <summary>Nothing refers to it any more: it is only kept from being collected too early.</summary>
    public bool IsReplaced { get; init; }

    public override string ToString() => Describe();
}
