namespace Bazil.FileSystem.Sync;

/// <summary>How a member answers a pull.</summary>
internal enum PullStatus : byte
{
    /// <summary>Changes follow.</summary>
    Changes = 1,

    /// <summary>Both know the same; nothing follows.</summary>
    Same = 2,

    /// <summary>The digests differ: ask again with the knowledge.</summary>
    SendKnowledge = 3,

    /// <summary>The puller is not a member of the volume.</summary>
    NotMember = 4,
}
