namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>The puller could not prove the sharing key of the serving side's newest epoch.</summary>
internal sealed class KeyNotProvedException(string message) : IOException(message);
