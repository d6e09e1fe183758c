using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>What the person should know, with what to do about it.</summary>
internal static class Warnings
{
    public static void Print(CliEnvironment environment, IReadOnlyList<WarningInfo> warnings)
    {
        foreach (WarningInfo warning in warnings)
        {
            environment.Output.WriteLine($"warning: {warning.Message}");
            if (warning.NextStep is { } next) environment.Output.WriteLine($"         {environment.Hint(next)}");
        }
    }
}
