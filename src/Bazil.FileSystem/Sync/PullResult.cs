namespace Bazil.FileSystem.Sync;

/// <summary>What a completed pull did.</summary>
/// <param name="Nodes">Nodes that were merged.</param>
/// <param name="Postponed">Files whose new content waits for a writer to close them.</param>
public sealed record PullResult(int Nodes, int Postponed);
