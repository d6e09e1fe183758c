namespace Bazil.Storage.Tests.Arena.Simulation;

/// <summary>What a bad disk does to a read.</summary>
internal delegate void ReadFault(string name, long offset, Span<byte> bytes);
