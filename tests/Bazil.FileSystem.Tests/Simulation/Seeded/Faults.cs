namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>What may go wrong in a run, and how often. Each seed has its own character, or rare meetings of faults would never come about.</summary>
/// <param name="Machines">2 to 7, mostly few.</param>
/// <param name="Steps">Operations and events in all.</param>
/// <param name="Loss">Share of messages that are lost; requests are doubled as often.</param>
/// <param name="Crashes">The daemon dies or the power fails, between two steps or in an access to the disk.</param>
/// <param name="Partitions">Cables are cut and mended.</param>
/// <param name="Backups">Machines go back to old copies of their rows.</param>
/// <param name="Members">Members are removed and added.</param>
/// <param name="FullDisks">Stores are full for a while.</param>
/// <param name="WrongClocks">Clocks are wrong by up to a month, and jump.</param>
/// <param name="Parts">Some pulls bring one path alone.</param>
/// <param name="Rotations">The sharing key is replaced, and content is sealed anew meanwhile.</param>
internal sealed record Faults(int Machines, int Steps, double Loss, bool Crashes, bool Partitions, bool Backups, bool Members, bool FullDisks, bool WrongClocks, bool Parts, bool Rotations)
{
    private static readonly int[] MachineCounts = [2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7];

    public static Faults Of(Random random)
    {
        int machines = MachineCounts[random.Next(MachineCounts.Length)];
        return new Faults(
            machines,
            Steps: 10 + random.Next(90),
            Loss: random.Next(3) == 0 ? 0 : random.NextDouble() * .1,
            Crashes: random.Next(2) == 0,
            Partitions: random.Next(2) == 0,
            Backups: random.Next(4) == 0,
            Members: random.Next(5) == 0,
            FullDisks: random.Next(4) == 0,
            WrongClocks: random.Next(2) == 0,
            Parts: random.Next(3) == 0,
            Rotations: random.Next(6) == 0);
    }
}
