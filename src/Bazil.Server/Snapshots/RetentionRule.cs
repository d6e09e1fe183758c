namespace Bazil.Server.Snapshots;

/// <summary>Keeps the newest snapshot of each of so many hours, days or the like in which there is one.</summary>
/// <param name="Unit">Of what.</param>
/// <param name="Count">How many; at least 1.</param>
public sealed record RetentionRule(RetentionUnit Unit, int Count);
