using System.Globalization;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>Whether a volume has the copies that it is to have, for people.</summary>
internal static class PolicyText
{
    public static string Of(PolicyInfo policy)
    {
        string wanted = string.Create(CultureInfo.InvariantCulture, $"{policy.Copies} {(policy.Copies == 1 ? "copy" : "copies")}{(policy.Required.Count > 0 ? $", one in {string.Join(", ", policy.Required)}" : "")}");
        if (policy.LookedAt is not { } at) return $"{wanted}; not looked at yet";
        string below = policy.Below > 0 ? $"{policy.Below} of {policy.Objects} objects below it ({ByteText.Of(policy.BelowBytes)} of them here)" : $"none of {policy.Objects} objects below it";
        string unknown = policy.Unknown > 0 ? $", {policy.Unknown} not known" : "";
        return $"{wanted}; {below}{unknown}, {TimeText.Of(at)}";
    }
}
