namespace Bazil.Cli.Output;

/// <summary>One thing in full, for people: a line for each of its properties.</summary>
internal static class Fields
{
    public static void Print(CliEnvironment environment, IReadOnlyList<(string Name, string Value)> fields)
    {
        int width = fields.Max(static f => f.Name.Length) + 1;
        foreach ((string name, string value) in fields) environment.Output.WriteLine($"{(name + ":").PadRight(width)} {value}");
    }
}
