namespace Bazil.Peers.Protocol;

/// <summary>The kinds of frames, values of the wire.</summary>
internal enum FrameKind : byte
{
    /// <summary>Nothing but a sign of life; may stand between any two frames.</summary>
    Alive = 0,

    /// <summary>1 to <see cref="Limits.FrameBytes"/> opaque bytes.</summary>
    Data = 1,

    /// <summary>An <see cref="ObjectHead"/>; its bytes follow in data frames.</summary>
    Object = 2,

    /// <summary>In place of an object: the store does not have it.</summary>
    Missing = 3,

    /// <summary>In place of an object: the store's copy is damaged.</summary>
    Damaged = 4,

    /// <summary>In place of an object: the store could not say.</summary>
    Unavailable = 5,

    /// <summary>Everything before was complete. A stream without it was cut.</summary>
    End = 6,

    /// <summary>One byte, a <see cref="FailureCode"/>; the stream ends here.</summary>
    Failed = 7,
}
