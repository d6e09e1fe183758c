using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Store;

/// <summary><c>bazil store cache set [-limit=SIZE] [-free=SIZE]</c> and <c>bazil store cache show</c></summary>
internal static class StoreCacheCommand
{
    public static Command Create(CommandContext context) =>
        new("cache", "How large this node's own store may get: what was not used for the longest time goes, if enough other storages have it.") { CreateSet(context), CreateShow(context) };

    private static Command CreateSet(CommandContext context)
    {
        var limit = new Option<string?>("--limit") { Description = "The most that the store may hold: 10GiB, 500MB and the like, or off", HelpName = "SIZE" };
        var free = new Option<string?>("--free") { Description = "How much of its disk is to stay free, or off", HelpName = "SIZE" };
        Option<bool> json = Json.Option();
        var command = new Command("set", "Set limit and floor. What is too much goes in the background.") { limit, free, json };
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(limit) is null && parsed.GetValue(free) is null) throw new UsageException("give -limit or -free");
            Print(context, parsed.GetValue(json), await context.CallAsync(parsed, ControlMethods.StoreCacheSet, new CacheSetRequest(parsed.GetValue(limit), parsed.GetValue(free)), cancel));
        });
        return command;
    }

    private static Command CreateShow(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("show", "Tell how large it is, what is to go, why it does not, and what peers hold.") { json };
        command.SetAction(async (parsed, cancel) => Print(context, parsed.GetValue(json), await context.CallAsync(parsed, ControlMethods.StoreCacheShow, Nothing.Instance, cancel)));
        return command;
    }

    private static void Print(CommandContext context, bool isJson, CacheInfo cache)
    {
        if (isJson)
        {
            Json.Print(context.Environment, cache);
            return;
        }

        context.Environment.Output.WriteLine(CacheText.Of(cache));
        if (cache.EvictedBytes > 0) context.Environment.Output.WriteLine($"evicted since the start of the server: {ByteText.Of(cache.EvictedBytes)}");
        if (cache is { Problem: { } problem, OverBytes: > 0 }) context.Environment.Output.WriteLine($"{problem}{(cache.RetryAt is { } retry ? $", next try at {TimeText.Of(retry)}" : "")}");
    }
}
