using Spectre.Console;

namespace Bazil.Cli.Output;

/// <summary>Lists for people: a heading and aligned columns, without frames. Nothing is cut when the output is not a terminal.</summary>
internal static class Table
{
    /// <summary>Wide enough that no line is ever wrapped in a pipe.</summary>
    private const int PipeWidth = 10_000;

    public static void Print(CliEnvironment environment, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        IAnsiConsole console = CreateConsole(environment);
        var table = new Spectre.Console.Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (string heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        }

        bool any = false;
        foreach (IReadOnlyList<string> row in rows)
        {
            any = true;
            table.AddRow(row.Select(static cell => new Text(cell)));
        }

        if (any) console.Write(table);
    }

    private static IAnsiConsole CreateConsole(CliEnvironment environment)
    {
        bool plain = !environment.OutputIsTerminal || environment.GetVariable("NO_COLOR") is { Length: > 0 };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(environment.Output),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
        if (!environment.OutputIsTerminal) console.Profile.Width = PipeWidth;
        return console;
    }
}
