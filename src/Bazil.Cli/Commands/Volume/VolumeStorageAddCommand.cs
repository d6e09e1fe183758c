using System.CommandLine;
using Bazil.Cli.Parsing;
using Bazil.Remotes.S3;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage add VOLUMENAME [NAME] STORAGE</c></summary>
internal static class VolumeStorageAddCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();

        // The optional name stands in the middle, as the walkthrough has it; with one word after the volume, that word is the storage.
        var rest = new Argument<string[]>("[NAME] STORAGE")
        {
            Description = "local, an absolute path, peerkey:PEER, sftp://[USER@]HOST[:PORT]/PATH, s3://BUCKET[/PREFIX], or disk:LABEL; before it, optionally, what to call it",
            Arity = new ArgumentArity(1, 2),
        };
        var sharing = new Option<string?>("--sharing") { Description = "Name of the sharing key; must be the volume's, which is the default", HelpName = "NAME" };
        var endpoint = new Option<string?>("--endpoint") { Description = "Of s3: the server, if it is not AWS: https://HOST[:PORT]", HelpName = "URL" };
        var region = new Option<string?>("--region") { Description = "Of s3: the region of the bucket", HelpName = "REGION" };
        var pathStyle = new Option<bool?>("--path-style") { Description = "Of s3: whether the bucket is part of the path rather than of the host's name; by default it is where there is an endpoint", HelpName = "BOOL" };
        var secret = new Option<string?>("--secret") { Description = "Of s3: name of the credentials (bazil secret set); without it, those that AWS's own tools use", HelpName = "NAME" };
        var command = new Command("add", "Add a storage that a volume's objects may be read from. To one on another machine (sftp:, s3:) or a removable disk (disk:), new content is copied in the background.")
        {
            sharing, endpoint, region, pathStyle, secret, volume, rest,
        };
        command.SetAction((parsed, cancel) =>
        {
            string[] words = parsed.GetRequiredValue(rest);
            string? name = words.Length == 2 ? words[0] : null;
            string storage = WithOptions(words[^1], [
                ("endpoint", parsed.GetValue(endpoint)),
                ("region", parsed.GetValue(region)),
                ("path-style", parsed.GetValue(pathStyle) switch { true => "true", false => "false", null => null }),
                ("secret", parsed.GetValue(secret)),
            ]);
            WarnOfClearText(context.Environment, storage);
            return context.CallAsync(parsed, ControlMethods.VolumeStorageAdd, new VolumeStorageAddRequest(parsed.GetRequiredValue(volume), name, storage, parsed.GetValue(sharing)), cancel);
        });
        return command;
    }

    /// <summary>Objects are sealed, but a server is known by its certificate only.</summary>
    private static void WarnOfClearText(CliEnvironment environment, string storage)
    {
        if (!S3Address.TryParse(storage, out S3Address? address) || address.Endpoint is null) return;
        var endpoint = new Uri(address.Endpoint);
        if (endpoint.Scheme != Uri.UriSchemeHttp || endpoint.IsLoopback) return;
        environment.Error.WriteLine("warning: the way to this server is not encrypted: whoever is on it sees a session token, and may pretend that content was kept; use https:// unless you trust it");
    }

    /// <summary>The address of a bucket with what the flags say.</summary>
    private static string WithOptions(string storage, IEnumerable<(string Name, string? Value)> options)
    {
        foreach ((string name, string? value) in options)
        {
            if (value is null) continue;
            if (!storage.StartsWith("s3:", StringComparison.Ordinal)) throw new UsageException($"-{name} is for s3://BUCKET[/PREFIX]");
            storage += $"{(storage.Contains('?') ? '&' : '?')}{name}={Uri.EscapeDataString(value)}";
        }

        return storage;
    }
}
