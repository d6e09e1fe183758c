using System.Net.Sockets;
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

    private readonly HttpClient _http;

    /// <exception cref="StoreException">There are no credentials, or no region is known.</exception>
    public S3Connection(S3Address address, AWSCredentials? credentials, TimeProvider time)
    {
        _http = new HttpClient(new WholeAnswers(Handler(time))) { Timeout = Timeout.InfiniteTimeSpan };
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

    public void Dispose()
    {
        Client.Dispose();
        _http.Dispose();
    }

    private static SocketsHttpHandler Handler(TimeProvider time) => new()
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
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new WatchedStream(new NetworkStream(socket, ownsSocket: true), Limits.S3SilenceMax, time);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

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
            bool isFile = request.Method == HttpMethod.Get && request.RequestUri!.Query.Length == 0 && answer.IsSuccessStatusCode;
            if (isFile) return answer;
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
