using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Bazil.Server.Control;

namespace Bazil.Cli.Output;

/// <summary>Results for scripts: the control protocol's reply, field for field (docs/cli.md). Fields are added, never renamed.</summary>
internal static class Json
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Option<bool> Option() => new("--json") { Description = "Print JSON" };

    public static void Print<T>(CliEnvironment environment, T value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            JsonSerializer.Serialize(writer, value, ControlJson.Of<T>());
        }

        environment.Output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }
}
