using Bazil.Cli.Output;
using Bazil.Unix;

namespace Bazil.Cli;

/// <summary>What the command line program takes from its process. Tests pass their own.</summary>
/// <param name="Output">Results: what a script would read.</param>
/// <param name="Error">Messages for people.</param>
/// <param name="GetVariable">Environment variables; null when unset.</param>
internal sealed record CliEnvironment(
    TextWriter Output,
    TextWriter Error,
    Func<Stream> OpenInput,
    bool InputIsTerminal,
    bool OutputIsTerminal,
    string CurrentDirectory,
    Func<string, string?> GetVariable)
{
    private const int ServerHeaps = 2; // docs/memory.md: more hold several times what is in them, and one is waited for

    /// <summary>Results that are no text.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Makes the process fit to serve for long; may begin it anew, and then does not return.</summary>
    public Action PrepareToServe { get; init; } = () => { };

    /// <summary>Completes commands in messages; null when they can be run as they are.</summary>
    public Hints? Hints { get; init; }

    /// <summary>A message with commands in it, as they have to be typed.</summary>
    public string Hint(string text) => Hints?.In(text) ?? text;

    public static CliEnvironment OfProcess() => new(
        Console.Out,
        Console.Error,
        Console.OpenStandardInput,
        !Console.IsInputRedirected,
        !Console.IsOutputRedirected,
        Environment.CurrentDirectory,
        Environment.GetEnvironmentVariable)
    {
        PrepareToServe = () => NativeHeap.BeginAnewWith(ServerHeaps),
    };
}
