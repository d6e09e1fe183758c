namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>The machine died in the middle of this. Nothing that it still does counts.</summary>
internal sealed class PowerFailureException() : Exception("the machine died");
