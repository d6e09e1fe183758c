namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>The version of a change.</summary>
internal readonly record struct Stamp(int Replica, ulong Tick)
{
    public bool IsCoveredBy(ulong[] knowledge) => Tick <= GcNode.At(knowledge, Replica);
}
