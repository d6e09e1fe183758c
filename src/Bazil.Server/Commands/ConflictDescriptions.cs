using System.Globalization;
using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>Conflicts as replies show them.</summary>
internal sealed class ConflictDescriptions(ConfigStore config, VolumeRegistry volumes)
{
    /// <summary>What stands for this machine where peers are named.</summary>
    public const string Here = "here";

    public ConflictInfo Of(Volume volume, Conflict conflict) => new(
        volume.Name,
        PathText.Of(conflict.Path.Span),
        TextOf(conflict.Kind),
        [.. conflict.Values.Select(value => Of(conflict, value))]);

    public string? NameOf(PeerId? peer) => peer is not { } known ? null : known == volumes.Self ? Here : config.FindPeer(known)?.DisplayName ?? known.ToString();

    public static string TypeOf(NodeKind kind) => kind switch
    {
        NodeKind.CharacterDevice or NodeKind.BlockDevice => "device",
        _ => TextOf(kind),
    };

    public static string TextOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLower(CultureInfo.InvariantCulture);

    private ConflictValueInfo Of(Conflict conflict, ConflictValue value) => new(
        value.Label,
        NameOf(value.Writer),
        value == conflict.Values[0],
        value == conflict.Newest,
        value.Time?.ToDateTimeOffset(),
        TypeOf(value.NodeKind),
        value.Content?.SizeBytes,
        DetailOf(conflict.Kind, value));

    private static string? DetailOf(ConflictKind kind, ConflictValue value) => kind switch
    {
        ConflictKind.Place => value.PlacePath is { } path ? PathText.Of(path.Span) : $"{value.Place!.Value.Name} in a directory that is not here",
        ConflictKind.Attributes => Describe(value.Attributes!),
        _ => null,
    };

    private static string Describe(AttributeValue attributes)
    {
        string mode = Convert.ToString(attributes.Mode, 8).PadLeft(4, '0');
        var extended = new System.Text.StringBuilder();
        foreach (KeyValuePair<byte[], byte[]> entry in attributes.Extended.Entries) extended.Append($" {PathText.Of(entry.Key)}={PathText.Of(entry.Value.AsSpan(0, Math.Min(entry.Value.Length, 64)))}");
        return $"mode {mode} owner {IdText(attributes.Owner)} group {IdText(attributes.Group)}{extended}";
    }

    private static string IdText(uint id) => id == AttributeValue.Self ? "self" : id.ToString(CultureInfo.InvariantCulture);
}
