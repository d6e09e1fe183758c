namespace Bazil.Peers.Proofs;

/// <summary>Who proves, values of the wire. Different in the two directions, so that no proof can be sent back to its maker.</summary>
internal enum ProofRole : byte
{
    /// <summary>For the server's own memory of a key; never on the wire.</summary>
    None = 0,

    Client = 1,
    Server = 2,
}
