namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>What a deletion waits for.</summary>
internal enum MemberRule
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>From each member a pull whose knowledge covers what was known when the fossil was made.</summary>
    CoverStamp,

    /// <summary>All members know at one moment all that is known here, but for our own changes since the stamp.</summary>
    Agreement,
}
