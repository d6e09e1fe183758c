using System.CommandLine;

namespace Bazil.Cli.Parsing;

/// <summary>A flag that may have a value, but only behind <c>=</c>: of the next word only a percentage, such as <c>5%</c>, is taken for it.</summary>
internal sealed class ImpliedValueOption(string name, string impliedValue) : Option<string?>(name)
{
    /// <summary>What the bare flag means.</summary>
    public string ImpliedValue { get; } = impliedValue;
}
