using System.Net.Sockets;
using System.Runtime.InteropServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.S3;

/// <summary>
/// The client of one server: AWS's own library, on HTTP connections that are bounded in number, closed when they are idle, and given up when nothing moves on them. Nothing is connected before it is used.
/// </summary>
internal sealed class S3Connection : IDisposable
{
    /// <summary>What a server that has no regions is told: every one takes it.</summary>
    private const string AnyRegion = "us-east-1";

    /// <summary>IPPROTO_TCP and TCP_NOTSENT_LOWAT (tcp(7), <c>linux/tcp.h</c>).</summary>
    private const int TcpLevel = 6, TcpUnsentMax = 25;

    private readonly HttpClient _http;

    /// <exception cref="StoreException">There are no credentials, or no region is known.</exception>
    public S3Connection(S3Address address, AWSCredentials? credentials, TimeProvider time)
    {
        _http = new HttpClient(new WholeAnswers(CreateHandler(time))) { Timeout = Timeout.InfiniteTimeSpan };
        var config = new AmazonS3Config
        {
            ForcePathStyle = address.IsPathStyle,

            // The clock is put right by whoever owns it; a difference is told, not hidden.
            DisableClockSkewCorrection = true,
            HttpClientFactory = new OneHttpClient(_http),
            MaxErrorRetry = Limits.S3Retries,

            // Waits that double, each a random part of its length, and fewer of them while much fails.
            RetryMode = RequestRetryMode.Standard,

            // What is asked for beyond that is not understood by all servers. Uploads carry the hash of their content and are signed with it.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (address.Endpoint is not null)
        {
            config.ServiceURL = address.Endpoint;
            config.AuthenticationRegion = address.Region ?? AnyRegion;
        }
        else if (address.Region is not null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(address.Region);
        }

        Client = credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config);
    }

    public AmazonS3Client Client { get; }

    /// <summary>What makes the connections. The caller disposes it.</summary>
    public static SocketsHttpHandler CreateHandler(TimeProvider time) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = Limits.S3ConnectTimeMax,
        Expect100ContinueTimeout = Limits.S3ExpectTimeMax,
        MaxConnectionsPerServer = Limits.S3Connections,
        PooledConnectionIdleTimeout = Limits.S3ConnectionIdleMax,
        PooledConnectionLifetime = Limits.S3ConnectionAgeMax,

        // Of a read that was cancelled nothing more is fetched than is on its way.
        MaxResponseDrainSize = Limits.S3DrainBytes,
        ConnectCallback = async (context, cancel) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                BoundUnsent(socket);
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },

        // Above the encryption, which reads ahead for reasons of its own.
        PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new WatchedStream(context.PlaintextStream, Limits.S3SilenceMax, time)),
    };

    public void Dispose()
    {
        Client.Dispose();
        _http.Dispose();
    }

    /// <summary>The system takes no more than is sent soon: what it has taken counts as moved, and megabytes of it would take longer on a slow line than a silence may.</summary>
    private static void BoundUnsent(Socket socket)
    {
        Span<byte> most = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(most, Limits.S3SliceBytes);
        try
        {
            socket.SetRawSocketOption(TcpLevel, TcpUnsentMax, most);
        }
        catch (SocketException)
        {
            // A kernel that cannot do it: a slow line may be given up too early.
        }
    }

    /// <summary>
    /// Fetches answers before the library sees them, all but the content of files: it reads them with calls that block a thread and cannot be cancelled. What is too long to be one is refused.
    /// Small uploads are sent without asking whether they are welcome: that is a round trip, and a server that refuses late takes them for the next request.
    /// </summary>
    private sealed class WholeAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content?.Headers.ContentLength <= Limits.S3UnaskedBytes) request.Headers.ExpectContinue = false;
            HttpResponseMessage answer = await base.SendAsync(request, cancellationToken);

            // The library follows wherever a server sends it, and fails on what is no address. Where a bucket is, is for its owner to say.
            if ((int)answer.StatusCode is >= 300 and < 400) answer.Headers.Remove("Location");
            bool isFile = request.Method == HttpMethod.Get && request.RequestUri!.Query.Length == 0 && answer.IsSuccessStatusCode;

            // The answer about a file's attributes names its length, and has nothing of it.
            if (isFile || request.Method == HttpMethod.Head) return answer;
            try
            {
                await answer.Content.LoadIntoBufferAsync(Limits.S3AnswerBytes, cancellationToken);
                return answer;
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
    }

    private sealed class OneHttpClient(HttpClient client) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
