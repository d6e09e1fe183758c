using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Proofs;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Bazil.Peers.Serving;

/// <summary>
/// One TLS connection of one peer: who it is, which challenges are open, which volumes it has proved the key of, and the requests in progress.
/// Lives as long as the connection. Concurrent.
/// </summary>
internal sealed class PeerSession(ConnectionContext connection, ProofParties parties, long since)
{
    private readonly Lock _lock = new(); // guards the three collections and _run; calls nothing outside
    private readonly List<Challenge> _challenges = [];
    private readonly Dictionary<VolumeId, byte[]> _proved = [];
    private readonly HashSet<Flight> _flights = [];
    private RunId? _run;

    public PeerId Peer => Parties.Client;

    public ProofParties Parties { get; } = parties;

    /// <summary>When the connection was accepted: a timestamp.</summary>
    public long Since { get; } = since;

    /// <summary>Which run of the peer it is, once it has said so.</summary>
    public RunId? Run
    {
        get
        {
            lock (_lock) return _run;
        }

        set
        {
            lock (_lock) _run = value;
        }
    }

    public Flight Begin(HttpContext context, FlightKind kind, VolumeId volume = default)
    {
        var flight = new Flight(this, context, kind, volume);
        lock (_lock) _flights.Add(flight);
        return flight;
    }

    public void End(Flight flight)
    {
        lock (_lock) _flights.Remove(flight);
    }

    public void AddChallenge(VolumeId volume, byte[] clientNonce, byte[] serverNonce)
    {
        lock (_lock)
        {
            if (_challenges.Count == Limits.OpenChallenges) _challenges.RemoveAt(0);
            _challenges.Add(new Challenge(volume, clientNonce, serverNonce));
        }
    }

    /// <summary>Takes out the challenge that a proof answers: each is good once. Returns the client's nonce, or null when there is none.</summary>
    public byte[]? TakeChallenge(VolumeId volume, ReadOnlySpan<byte> serverNonce)
    {
        lock (_lock)
        {
            for (int i = 0; i < _challenges.Count; i++)
            {
                var challenge = _challenges[i];
                if (challenge.Volume != volume || !ConstantTime.AreEqual(challenge.ServerNonce, serverNonce)) continue;
                _challenges.RemoveAt(i);
                return challenge.ClientNonce;
            }
            return null;
        }
    }

    public void SetProved(VolumeId volume, ISharingKeyProver key)
    {
        byte[] mark = KeyMark.Of(key, volume, Parties);
        lock (_lock) _proved[volume] = mark;
    }

    /// <summary>True when the key that was proved on this connection is the one that the volume has now: a rotated key must be proved anew.</summary>
    public bool IsProved(VolumeId volume, ISharingKeyProver key)
    {
        byte[]? mark;
        lock (_lock) mark = _proved.GetValueOrDefault(volume);
        return mark is not null && ConstantTime.AreEqual(mark, KeyMark.Of(key, volume, Parties));
    }

    /// <summary>Closes the connection at once, and with it everything in progress.</summary>
    public void Abort() => connection.Abort(new ConnectionAbortedException("the peer was removed"));

    /// <summary>Ends what is in progress but for pings and proofs.</summary>
    public void AbortWork() => AbortFlights(static flight => flight.Kind != FlightKind.Control);

    /// <summary>Ends what is in progress on a volume and forgets its proof.</summary>
    public void RevokeVolume(VolumeId volume)
    {
        lock (_lock)
        {
            _proved.Remove(volume);
            _challenges.RemoveAll(challenge => challenge.Volume == volume);
        }
        AbortFlights(flight => flight.Kind is FlightKind.Volume or FlightKind.Watch && flight.Volume == volume);
    }

    /// <summary>Requests in progress but for streams of notes.</summary>
    public int CountRequests()
    {
        lock (_lock) return _flights.Count(static flight => flight.Kind != FlightKind.Watch);
    }

    /// <summary>Streams of notes that are open.</summary>
    public int CountWatches()
    {
        lock (_lock) return _flights.Count(static flight => flight.Kind == FlightKind.Watch);
    }

    /// <summary>Ends the streams of notes.</summary>
    public void EndWatches() => AbortFlights(static flight => flight.Kind == FlightKind.Watch);

    public void RevokeStorage() => AbortFlights(flight => flight.Kind == FlightKind.Storage);

    private void AbortFlights(Predicate<Flight> match)
    {
        List<Flight> hit;
        lock (_lock) hit = [.. _flights.Where(flight => match(flight))];
        foreach (var flight in hit) flight.Abort();
    }

    private readonly record struct Challenge(VolumeId Volume, byte[] ClientNonce, byte[] ServerNonce);
}
