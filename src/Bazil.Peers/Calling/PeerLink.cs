using System.Net;
using System.Net.Security;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Proofs;

namespace Bazil.Peers.Calling;

/// <summary>
/// One TLS connection to one peer, with HTTP/2 on it. Never replaced silently: a proof made on it stays with it, and when it ends every further request
/// fails with <see cref="LinkEndedException"/>. Concurrent.
/// </summary>
internal sealed class PeerLink : IDisposable
{
    private static readonly Uri Origin = new("https://peer/");

    private readonly Lock _lock = new(); // guards _proved; calls nothing outside
    private readonly Dictionary<VolumeId, byte[]> _proved = [];
    private readonly HttpMessageInvoker _http;
    private readonly SslStream _owned;
    private SslStream? _stream;
    private int _used;

    /// <summary>Takes over an authenticated stream.</summary>
    public PeerLink(SslStream owned, string address, ProofParties parties, TimeSpan pingInterval)
    {
        _owned = owned;
        _stream = owned;
        Address = address;
        Parties = parties;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => Interlocked.Exchange(ref _stream, null) is { } stream
                ? ValueTask.FromResult<Stream>(stream)
                : ValueTask.FromException<Stream>(new LinkEndedException()),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = Limits.HeaderBytes / 1024,
            PooledConnectionIdleTimeout = TimeSpan.FromDays(1), // with none it would be looked for idle ones every 30 s
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            InitialHttp2StreamWindowSize = 1 << 20,
            KeepAlivePingDelay = pingInterval,
            KeepAlivePingTimeout = pingInterval,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests, // a connection without any is closed by the server
        });
    }

    public string Address { get; }

    public ProofParties Parties { get; }

    public async Task<HttpResponseMessage> PostAsync(string path, HttpContent content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Origin, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        return await _http.SendAsync(request, cancel);
    }

    /// <summary>True the second time and later: a link that has been used may have ended since.</summary>
    public bool MarkUsed() => Interlocked.Exchange(ref _used, 1) == 1;

    /// <summary>True when both sides have proved this key on this connection.</summary>
    public bool IsProved(VolumeId volume, ISharingKeyProver key)
    {
        byte[]? mark;
        lock (_lock) mark = _proved.GetValueOrDefault(volume);
        return mark is not null && ConstantTime.AreEqual(mark, KeyMark.Of(key, volume, Parties));
    }

    public void SetProved(VolumeId volume, ISharingKeyProver key)
    {
        byte[] mark = KeyMark.Of(key, volume, Parties);
        lock (_lock) _proved[volume] = mark;
    }

    public void ForgetProof(VolumeId volume)
    {
        lock (_lock) _proved.Remove(volume);
    }

    /// <summary>Takes no further requests; those in progress go on.</summary>
    public void Retire()
    {
        _http.Dispose();
        Interlocked.Exchange(ref _stream, null)?.Dispose();
    }

    /// <summary>Closes the connection at once.</summary>
    public void Dispose()
    {
        Retire();
        _owned.Dispose();
    }
}
