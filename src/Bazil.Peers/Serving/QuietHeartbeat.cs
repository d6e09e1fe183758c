using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Bazil.Peers.Serving;

/// <summary>
/// Kestrel has a thread that wakes once a second, for ever, and on each HTTP/2 connection a reader that it wakes. It has no setting for that. It is for the Date header,
/// for timeouts of headers, idle connections and slow transfers, and for the upkeep of HTTP/2 connections. Nothing of the former is used here: what limits a connection are timers
/// of our own, which exist only while there is something to wait for. The upkeep is not urgent. So this makes the second an hour.
/// </summary>
/// <remarks>
/// With each beat an HTTP/2 connection retires the streams that have ended (it does so with each frame that comes, too), sends and judges its pings, and with each fifth forgets how many
/// requests its client began while too many that it had given up were still tracked: more than a hundred, twenty for each beat, disconnect it. That window is five seconds in Kestrel and five hours here:
/// stricter, and who is disconnected connects anew.
/// By reflection: the server's <c>ServiceContext.Heartbeat._interval</c> (ASP.NET Core 10). In a framework where that is not so, everything stays as it is: what we need is there in either case.
/// A timeout of Kestrel's own counts from the last beat, so all of them must be longer than one: see <see cref="Disarm"/>.
/// </remarks>
public static class QuietHeartbeat
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Sets what Kestrel would end by its heartbeat to never. The caller has its own bounds.</summary>
    public static void Disarm(KestrelServerLimits limits)
    {
        limits.RequestHeadersTimeout = 2 * Interval;
        limits.KeepAliveTimeout = 2 * Interval;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
    }

    /// <summary>Before the server starts. Returns false when this framework is built differently, and its heartbeat is as it was.</summary>
    public static bool TrySlow(IServer server)
    {
        const BindingFlags Inside = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        object? context = server.GetType().GetProperty("ServiceContext", Inside)?.GetValue(server);
        object? heartbeat = context?.GetType().GetProperty("Heartbeat", Inside)?.GetValue(context);
        if (heartbeat?.GetType().GetField("_interval", Inside) is not { } interval || interval.FieldType != typeof(TimeSpan)) return false;
        interval.SetValue(heartbeat, Interval);
        return true;
    }
}
