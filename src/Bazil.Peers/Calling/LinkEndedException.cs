namespace Bazil.Peers.Calling;

/// <summary>A request found its connection gone before anything of it was sent.</summary>
internal sealed class LinkEndedException() : IOException("the connection has ended");
