namespace Bazil.Peers.Protocol;

/// <summary>The HTTP status codes of the protocol. Every answer but 200 has an empty body.</summary>
internal static class PeerStatus
{
    public const int Ok = 200;

    /// <summary>The request makes no sense.</summary>
    public const int Malformed = 400;

    /// <summary>Allowed, but the sharing key was not proved on this connection.</summary>
    public const int ProofRequired = 401;

    /// <summary>Not known, not allowed, or no such thing: one answer for all of them.</summary>
    public const int Refused = 403;

    /// <summary>Not an endpoint of this version.</summary>
    public const int Unsupported = 404;

    /// <summary>The proof fits a key that the volume had before a rotation: the newest is asked for.</summary>
    public const int OldKey = 409;

    /// <summary>The proof does not fit the sharing key of the volume.</summary>
    public const int WrongProof = 412;

    public const int TooLarge = 413;

    /// <summary>Two machines use the key of the caller.</summary>
    public const int Copied = 423;

    /// <summary>This node lacks the newest key of the volume itself.</summary>
    public const int KeyMissing = 424;

    /// <summary>An earlier run of the caller was connected until now: it is to call again in a moment.</summary>
    public const int TooEarly = 425;

    public const int TooMany = 429;

    /// <summary>This node failed; its log says how.</summary>
    public const int Failed = 500;
}
