namespace Bazil.Cli;

/// <summary>What the program returns to the shell (docs/cli.md).</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The command was understood and could not be done.</summary>
    public const int Error = 1;

    /// <summary>The command was not understood.</summary>
    public const int Usage = 2;

    /// <summary>A check found content that is damaged or missing, and could not heal it.</summary>
    public const int Damage = 3;

    /// <summary>Interrupted by SIGINT: 128 + 2, as shells expect.</summary>
    public const int Interrupted = 130;
}
