using System.Net.Sockets;
using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Snapshots.Diff;
using Bazil.FileSystem.Sync;
using Bazil.Peers;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Errors;

/// <summary>The one place that turns exceptions into what a person is told.</summary>
public static class Failures
{
    public static CommandFailedException Describe(Exception e) => e switch
    {
        CommandFailedException command => command,
        TooManyDifferencesException => new(ErrorKind.Failed, e.Message, "compare snapshots that are nearer to each other, or what is in them: diff -rq MOUNTPOINT/.snap/ONE MOUNTPOINT/.snap/OTHER", e),
        KeyRotationException rotation => new(ErrorKind.Invalid, e.Message, rotation.NextStep, e),
        KeyMissingException => new(ErrorKind.Denied, e.Message, inner: e),
        CorruptObjectException => new(ErrorKind.Damaged, e.Message, inner: e),
        ChunkNotFoundException => new(ErrorKind.NotFound, e.Message, "connect the storage or peer that has it (bazil volume storage add); what else is missing tells: bazil check", e),
        WireFormatException => new(ErrorKind.Damaged, e.Message, inner: e),
        StoreException { IsUnreachable: true } => new(ErrorKind.Unreachable, e.Message, NextStepIn(e), e),
        MetadataException or StoreException => new(ErrorKind.Failed, e.Message, NextStepIn(e), e),
        PeerUnreachableException { Addresses.Count: > 0, Peer: var peer } => new(ErrorKind.Unreachable, e.Message, $"see that its server runs; if it is elsewhere now: bazil peer location set {peer} HOST:PORT", e),
        PeerUnreachableException => new(ErrorKind.Unreachable, e.Message, inner: e),
        PeerRefusedException or CopiedKeyException or WrongSharingKeyException or RotatedKeyException or PeerBehindException => new(ErrorKind.Denied, e.Message, inner: e),
        SyncException or PeerException => new(ErrorKind.Failed, e.Message, inner: e),
        NativeLibraryMissingException => new(ErrorKind.Failed, e.Message, inner: e),
        TimeoutException or OperationCanceledException => new(ErrorKind.Unreachable, $"it took too long: {e.Message}", inner: e),
        SocketException or HttpRequestException => new(ErrorKind.Unreachable, e.Message, inner: e),
        IOException or UnauthorizedAccessException => new(ErrorKind.Failed, e.Message, inner: e),
        _ => new(ErrorKind.Failed, $"internal error: {e.Message}", "run the server with -debug and report this", e),
    };

    private static string? NextStepIn(Exception e)
    {
        for (Exception? at = e; at is not null; at = at.InnerException)
        {
            if (at is StoreException { NextStep: { } next }) return next;
        }

        return null;
    }
}
