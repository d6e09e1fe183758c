using System.Collections;
using System.CommandLine;
using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using Bazil.Cli.Commands;
using Bazil.Server.Control;

namespace Bazil.Cli.Tests.Output;

/// <summary>docs/cli.md has each field that commands print as JSON, and no other.</summary>
public sealed class JsonDocumentationTests
{
    /// <summary>Commands that print the reply of a method with another name.</summary>
    private static readonly Dictionary<string, string> _methods = new() { ["conflict show"] = "conflict/list", ["status -memory"] = "status/memory", ["undelete -list"] = "undelete/list" };

    [Fact]
    public void Every_command_that_prints_json_says_what_it_prints()
    {
        string[] wanted = [.. Commands(BazilCommand.Create(new CommandContext(TestEnvironment.Create())), "").Concat(_methods.Keys).Distinct().Select(static command => $"| `{command}` | `{Notation(ReplyOf(command))}` |")];
        AssertDocumented(wanted);
    }

    [Fact]
    public void Every_object_in_them_is_described()
    {
        Type[] replies = [.. Commands(BazilCommand.Create(new CommandContext(TestEnvironment.Create())), "").Concat(_methods.Keys).Select(ReplyOf)];
        var found = new SortedDictionary<string, Type>(StringComparer.Ordinal);
        foreach (Type reply in replies) Collect(reply, found);
        AssertDocumented([.. found.Select(static entry => $"| {entry.Key} | `{Fields(entry.Value)}` |")]);
    }

    private static void AssertDocumented(string[] wanted)
    {
        string[] lines = File.ReadAllLines(FindDocument());
        string[] missing = [.. wanted.Where(row => !lines.Any(line => line.StartsWith(row, StringComparison.Ordinal)))];
        Assert.True(missing.Length == 0, "docs/cli.md has no row that begins with\n" + string.Join('\n', missing));
    }

    private static string FindDocument()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Bazil.slnx"))) directory = Path.GetDirectoryName(directory);
        return Path.Combine(directory ?? throw new InvalidOperationException("the test does not run inside the source tree"), "docs", "cli.md");
    }

    private static IEnumerable<string> Commands(Command command, string path)
    {
        if (command.Options.Any(static option => option.Name == "--json")) yield return path;
        foreach (string below in command.Subcommands.SelectMany(child => Commands(child, path.Length == 0 ? child.Name : $"{path} {child.Name}"))) yield return below;
    }

    private static Type ReplyOf(string command)
    {
        string path = _methods.GetValueOrDefault(command) ?? command.Replace(' ', '/');
        object? method = typeof(ControlMethods).GetFields(BindingFlags.Public | BindingFlags.Static).Where(static field => !field.IsLiteral).Select(static field => field.GetValue(null)!)
            .SingleOrDefault(method => (string)method.GetType().GetProperty("Path")!.GetValue(method)! == path);
        Assert.True(method is not null, $"no method {path} of {command}");
        return method.GetType().GetGenericArguments()[1];
    }

    /// <summary>All named objects that a reply consists of.</summary>
    private static void Collect(Type type, SortedDictionary<string, Type> found)
    {
        foreach (Type part in Properties(type).Select(static property => ElementOf(property.PropertyType)).Append(type).Where(static part => IsObject(part) && IsNamed(part)))
        {
            if (found.TryAdd(LabelOf(part), part) && part != type) Collect(part, found);
        }

        foreach (Type part in Properties(type).Select(static property => ElementOf(property.PropertyType)).Where(static part => IsObject(part) && !IsNamed(part))) Collect(part, found);
    }

    private static string Notation(Type type) => IsNamed(type) ? LabelOf(type) : Fields(type);

    private static string Fields(Type type) => $"{{{string.Join(", ", Properties(type).Select(Describe))}}}";

    private static string Describe(JsonPropertyInfo property)
    {
        Type element = ElementOf(property.PropertyType);
        if (IsList(property.PropertyType)) return $"{property.Name}: [{(IsObject(element) ? Notation(element) : element == typeof(string) ? "string" : "number")}]";
        return IsObject(element) ? $"{property.Name}: {Notation(element)}" : property.Name;
    }

    private static IList<JsonPropertyInfo> Properties(Type type) => ControlJson.Default.GetTypeInfo(type)!.Properties;

    private static bool IsList(Type type) => type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type);

    private static Type ElementOf(Type type) => IsList(type) ? type.GetGenericArguments()[0] : Nullable.GetUnderlyingType(type) ?? type;

    private static bool IsObject(Type type) => type.Namespace!.StartsWith("Bazil", StringComparison.Ordinal) && !type.IsEnum;

    /// <summary>Replies are written out with their commands, unless they stand in others as well.</summary>
    private static bool IsNamed(Type type) => !type.Name.EndsWith("Reply", StringComparison.Ordinal) && Properties(type).Count > 0;

    private static string LabelOf(Type type)
    {
        string name = type.Name.EndsWith("Info", StringComparison.Ordinal) ? type.Name[..^4] : type.Name;
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
