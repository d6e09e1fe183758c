using Bazil.Core;
using Bazil.Peers.Runs;
using Bazil.Peers.Serving;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers;

/// <summary>
/// Which runs of each peer were heard of, to find two machines with one key: a data directory that was copied. What the two tell about themselves would be taken for one history, so
/// nothing is exchanged with either until one is left. A run that connects after another one has spoken was alive after that one began, which no restart does. So when a new
/// run comes while an older one is connected, the older connections are closed and the new run has to wait: if the older is alive, it connects again.
/// Kept in memory only: two that are alive are found again. Concurrent.
/// </summary>
public sealed class PeerRuns(RunId own, TimeProvider time, ILogger<PeerRuns> log)
{
    private readonly Lock _lock = new(); // guards all below; calls nothing outside
    private readonly Dictionary<PeerId, Known> _peers = [];
    private readonly HashSet<PeerId> _refusedBy = [];

    /// <summary>This run of this node.</summary>
    public RunId Own { get; } = own;

    /// <summary>Called when connections to a peer have to be closed: after all is known, on any thread.</summary>
    internal event Action<PeerId>? Doubted;

    /// <summary>Peers whose key two machines use.</summary>
    public IReadOnlyList<PeerId> Copied
    {
        get
        {
            lock (_lock) return [.. _peers.Where(static entry => entry.Value.IsCopied).Select(static entry => entry.Key)];
        }
    }

    /// <summary>Peers that refuse this node, because another machine uses its key.</summary>
    public IReadOnlyList<PeerId> RefusedBy
    {
        get
        {
            lock (_lock) return [.. _refusedBy];
        }
    }

    internal bool IsCopied(PeerId peer)
    {
        lock (_lock) return _peers.TryGetValue(peer, out Known? known) && known.IsCopied;
    }

    /// <summary>A run of the peer has spoken.</summary>
    /// <param name="since">When the connection was begun on which it did.</param>
    /// <param name="isOtherConnected">Whether another run of the peer is connected.</param>
    internal RunVerdict Hear(PeerId peer, RunId run, long since, bool isOtherConnected)
    {
        RunVerdict verdict;
        bool wasCopied;
        lock (_lock)
        {
            if (!_peers.TryGetValue(peer, out Known? known)) _peers[peer] = known = new Known(run);
            wasCopied = known.IsCopied;
            verdict = Judge(known, run, since, isOtherConnected, time.GetTimestamp());
        }

        if (verdict == RunVerdict.Copied && !wasCopied) PeerLog.Copied(log, peer);
        if (verdict == RunVerdict.Wait || (verdict == RunVerdict.Copied && !wasCopied)) Doubted?.Invoke(peer);
        return verdict;
    }

    /// <summary>What the peer says of this node.</summary>
    internal void NoteOwn(PeerId peer, bool isRefused)
    {
        bool isNew;
        lock (_lock) isNew = isRefused ? _refusedBy.Add(peer) : !_refusedBy.Remove(peer);
        if (isRefused && isNew) PeerLog.OwnCopied(log, peer);
    }

    /// <summary>The peer was removed: if it is added again, it is found anew what there is to be found.</summary>
    internal void Forget(PeerId peer)
    {
        lock (_lock)
        {
            _peers.Remove(peer);
            _refusedBy.Remove(peer);
        }
    }

    /// <summary>How many runs of a peer are remembered while there are several.</summary>
    internal int CountHeard(PeerId peer)
    {
        lock (_lock) return _peers.TryGetValue(peer, out Known? known) ? known.Heard.Count : 0;
    }

    private RunVerdict Judge(Known known, RunId run, long since, bool isOtherConnected, long now)
    {
        if (known.IsCopied)
        {
            known.Hear(run, now);
            if (known.Heard.Any(other => other.Key != run && time.GetElapsedTime(other.Value, now) < Limits.CopySettled)) return RunVerdict.Copied;

            // The others have been silent for so long that there is one again. When they come back, they are found again.
            foreach (RunId other in known.Heard.Keys) known.Retired[other] = now;
            known.Retired.Remove(run);
            known.Heard.Clear();
            (known.Current, known.IsCopied, known.Next) = (run, false, null);
            return RunVerdict.Alone;
        }

        bool isAlive = run == known.Current
            ? known.Next is { } next && since > next.FirstHeard
            : known.Retired.TryGetValue(run, out long retired) && since > retired;
        if (isAlive)
        {
            known.IsCopied = true;
            known.Hear(known.Current, now);
            known.Hear(run, now);
            if (known.Next is { } waiting) known.Hear(waiting.Run, now);
            return RunVerdict.Copied;
        }

        // What is left of an ended run, on a connection from before.
        if (run == known.Current || known.Retired.ContainsKey(run)) return RunVerdict.Alone;
        if (known.Next?.Run != run) known.Next = (run, now);
        bool isOver = time.GetElapsedTime(known.Next.Value.FirstHeard, now) >= Limits.RunWait;
        if (isOtherConnected && !isOver) known.IsWaiting = true;
        if (known.IsWaiting && !isOver) return RunVerdict.Wait;
        if (known.Retired.Count == Limits.RunsRemembered) known.Retired.Remove(known.Retired.MinBy(static entry => entry.Value).Key);
        known.Retired[known.Current] = known.Next.Value.FirstHeard;
        (known.Current, known.Next, known.IsWaiting) = (run, null, false);
        return RunVerdict.Alone;
    }

    private sealed class Known(RunId current)
    {
        public RunId Current { get; set; } = current;

        /// <summary>A run that came after it, and whether it has to wait.</summary>
        public (RunId Run, long FirstHeard)? Next { get; set; }

        public bool IsWaiting { get; set; }

        /// <summary>Runs before the present one, each with the time from which on it should be silent.</summary>
        public Dictionary<RunId, long> Retired { get; } = [];

        public bool IsCopied { get; set; }

        /// <summary>When each run last spoke, while there are several.</summary>
        public Dictionary<RunId, long> Heard { get; } = [];

        /// <summary>Notes that a run spoke. A peer may name as many as it likes: the latest are remembered.</summary>
        public void Hear(RunId run, long now)
        {
            if (Heard.Count == Limits.RunsRemembered && !Heard.ContainsKey(run)) Heard.Remove(Heard.MinBy(static entry => entry.Value).Key);
            Heard[run] = now;
        }
    }
}
