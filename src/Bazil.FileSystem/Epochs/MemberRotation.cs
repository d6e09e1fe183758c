namespace Bazil.FileSystem.Epochs;

/// <summary>How far a member has followed a rotation, as far as is known here.</summary>
public enum MemberRotation
{
    /// <summary>It has not pulled since: it has not got the key, or was not connected.</summary>
    Unaware = 0,

    /// <summary>It has the new key, and still has content or snapshots under an older one.</summary>
    Working = 1,

    /// <summary>It needs no older key.</summary>
    Done = 2,
}
