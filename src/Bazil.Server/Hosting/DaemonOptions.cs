using System.Net;
using Bazil.Peers;
using Bazil.Server.Checking;
using Bazil.Server.DataDirectories;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Hosting;

/// <summary>What a daemon is told when it starts.</summary>
public sealed record DaemonOptions
{
    /// <summary>All addresses, at the port that spells the name.</summary>
    public static IPEndPoint PreferredEndpoint => new(IPAddress.IPv6Any, PeerServerOptions.PreferredPort);

    public required DataDirectory DataDirectory { get; init; }

    /// <summary>Where to listen for peers.</summary>
    public IPEndPoint Endpoint { get; init; } = PreferredEndpoint;

    /// <summary>Whether any free port will do when that one is taken.</summary>
    public bool AnyPort { get; init; } = true;

    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Where messages for people go: standard error.</summary>
    public required TextWriter Messages { get; init; }

    /// <summary>systemd's socket for readiness (sd_notify(3)), or null.</summary>
    public string? NotifySocket { get; init; }

    /// <summary>How content is verified in the background.</summary>
    public ScrubOptions Scrub { get; init; } = new();

    /// <summary>Whether volumes are synchronised without being asked.</summary>
    public bool SynchronisesByItself { get; init; } = true;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
