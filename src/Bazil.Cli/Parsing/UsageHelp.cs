using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Bazil.Cli.Parsing;

/// <summary>Help whose usage is written as people type it, and as messages about usage have it; the rest is that of the library.</summary>
internal sealed class UsageHelp(HelpAction library) : SynchronousCommandLineAction
{
    private const string Heading = "Usage:";

    /// <summary>Puts it in the place of the library's own.</summary>
    public static void Use(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
        {
            if (option.Action is HelpAction library) option.Action = new UsageHelp(library);
        }
    }

    public override bool ClearsParseErrors => true; // whoever asks how it is written does not have to know it

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        using var help = new StringWriter();
        parseResult.InvocationConfiguration.Output = help;
        int code = library.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        bool isUsage = false;
        foreach (string line in help.ToString().TrimEnd().Split(Environment.NewLine))
        {
            if (!isUsage || line.Length == 0) output.WriteLine(line);
            if (isUsage && line.Length > 0) continue;
            isUsage = line == Heading;
            if (!isUsage) continue;
            foreach (string synopsis in UsageErrors.Synopses(parseResult.CommandResult.Command)) output.WriteLine($"  {synopsis}");
        }

        return code;
    }
}
