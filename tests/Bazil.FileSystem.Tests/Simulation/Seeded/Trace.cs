using System.Runtime.InteropServices;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// What happened in a simulated run, as one hash: equal traces mean that every step was the same. The lines are kept only when asked for.
/// </summary>
internal sealed class Trace(bool keepsLines = false)
{
    private const ulong Prime = 1099511628211; // FNV-1a, 64 bits

    public ulong Hash { get; private set; } = 14695981039346656037;

    public bool KeepsLines => keepsLines;

    public List<string> Lines { get; } = [];

    public void Add(long number) => Add(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in number)));

    /// <param name="line">What was done, and what came of it.</param>
    public void Add(string line)
    {
        Add(MemoryMarshal.AsBytes(line.AsSpan()));
        if (keepsLines) Lines.Add(line);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes) Hash = unchecked((Hash ^ value) * Prime);
    }
}
