using System.Globalization;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>How far pinned content is on this machine, for people.</summary>
internal static class PinText
{
    public static string Of(PinStateInfo state)
    {
        string fetched = state.FetchedBytes > 0 ? $", {ByteText.Of(state.FetchedBytes)} fetched" : "";
        return state.State switch
        {
            "complete" => $"everything pinned is here{fetched}",
            "waiting" => $"{state.Problem}{fetched}{(state.RetryAt is { } retry ? $", next try at {TimeText.Of(retry)}" : "")}",
            _ => string.Create(CultureInfo.InvariantCulture, $"fetching, {state.Chunks} chunks looked at{fetched}"),
        };
    }
}
