namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>Whether the disk of a machine still answers, between a start and its end. It may be set to fail after a number of accesses.</summary>
internal sealed class DiskPower(MachineScheduler machine, Action fail)
{
    private int _left = -1;

    /// <summary>The machine dies at this access from now; negative for never.</summary>
    public void FailAfter(int accesses) => _left = accesses;

    /// <exception cref="PowerFailureException">The machine is dead, or dies now.</exception>
    public void Draw()
    {
        if (!machine.IsDead && (_left < 0 || _left-- > 0)) return;
        if (!machine.IsDead) fail();
        throw new PowerFailureException();
    }
}
