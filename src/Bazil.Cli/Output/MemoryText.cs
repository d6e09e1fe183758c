using System.Globalization;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>What the server has in memory, as a table.</summary>
internal static class MemoryText
{
    public static void Print(CliEnvironment environment, MemoryReply memory)
    {
        Table.Print(environment, ["WHAT", "USED", "LIMIT", "ENTRIES"], memory.Parts.Select(static part => new[]
        {
            part.Volume is null ? part.Name : $"{part.Name} of {part.Volume}",
            ByteText.Of(part.UsedBytes),
            part.LimitBytes is { } limit ? ByteText.Of(limit) : part.Bound ?? "",
            part.Count?.ToString(CultureInfo.InvariantCulture) ?? "",
        }));
        environment.Output.WriteLine();
        Fields.Print(environment, [
            ("counted", ByteText.Of(memory.Parts.Sum(static part => part.UsedBytes))),
            ("objects of the runtime", ByteText.Of(memory.HeapBytes)),
            ("private", ByteText.Of(memory.PrivateBytes)),
            ("resident", ByteText.Of(memory.ResidentBytes)),
        ]);
    }
}
