using System.CommandLine;

namespace Bazil.Cli.Parsing;

/// <summary>A command some of whose arguments exclude each other, so that its usage does not follow from them.</summary>
/// <param name="usage">What stands behind the name of the command.</param>
internal sealed class WrittenOutCommand(string name, string description, string usage) : Command(name, description)
{
    public string Usage => usage;
}
