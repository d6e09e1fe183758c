using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using Bazil.Core;
using Bazil.Remotes.Sftp;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.S3;

/// <summary>What an S3 server, the way to it, or AWS's library says when something cannot be done, as an error that names what to do.</summary>
internal static class S3Failure
{
    private enum Kind
    {
        /// <summary>Somebody has to do something.</summary>
        Refused,

        /// <summary>It may be otherwise in a moment.</summary>
        Away,

        /// <summary>There is no room.</summary>
        Full,
    }

    /// <summary>
    /// All that is not named yet and no fault of ours. The library fails with anything on answers that are not what it expects: with an error of the XML's reader, with a missing reference.
    /// </summary>
    public static bool IsEnvironmental(Exception e) => e is not (StoreException or InvariantException or OutOfMemoryException);

    /// <summary>The answer that there is no such file, rather than no such bucket.</summary>
    public static bool IsNoSuchFile(AmazonS3Exception e) => e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode == "NoSuchKey";

    /// <summary>A request that the server could not even read: on this connection it may have taken the rest of an upload that it had refused for one.</summary>
    public static bool IsGarbled(AmazonS3Exception e) => e.StatusCode == HttpStatusCode.BadRequest && e.ErrorCode == nameof(HttpStatusCode.BadRequest);

    /// <param name="address">Where.</param>
    /// <param name="what">What could not be done: <c>read packs/…</c>.</param>
    /// <param name="failure">Why.</param>
    public static StoreException Explain(S3Address address, string what, Exception failure)
    {
        // Said by whoever keeps the credentials.
        if (StoreFailureIn(failure) is { } known) return known;
        (Kind kind, string reason) = failure switch
        {
            AmazonUnmarshallingException => (Kind.Refused, "what answers there does not speak S3; look at the endpoint"),
            AmazonServiceException answer when answer.StatusCode != 0 => OfAnswer(address, what, answer),
            AmazonClientException or AmazonServiceException => OfLibrary(address, failure),
            HttpRequestException or IOException or SocketException or AuthenticationException or OperationCanceledException or TimeoutException or ObjectDisposedException => OfWay(address, failure),
            _ => (Kind.Refused, $"what the server answers cannot be understood ({ServerWords.Printable(failure.Message.ReplaceLineEndings(" "))}); look at the endpoint"),
        };
        return new StoreException($"{address}: cannot {what}: {reason}", failure) { IsUnreachable = kind == Kind.Away, IsDiskFull = kind == Kind.Full };
    }

    private static (Kind Kind, string Reason) OfAnswer(S3Address address, string what, AmazonServiceException e) => e.ErrorCode switch
    {
        "InvalidAccessKeyId" => (Kind.Refused, $"the server does not know this access key; {PutRight(address)}"),
        "SignatureDoesNotMatch" => (Kind.Refused, $"the secret key is wrong; {PutRight(address)}"),
        "ExpiredToken" or "TokenRefreshRequired" or "InvalidToken" => (Kind.Refused, $"the credentials have expired; {PutRight(address)}"),
        "NoSuchBucket" => (Kind.Refused, $"there is no bucket {address.Bucket} there; make it, or look at its name and the endpoint: Bazil makes none"),
        "RequestTimeTooSkewed" or "RequestExpired" => (Kind.Refused, "the clocks of this machine and of the server differ by more than a quarter of an hour; set the one that is wrong (here: timedatectl set-ntp true)"),
        "PermanentRedirect" or "TemporaryRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" or "MovedPermanently" => (Kind.Refused, $"the bucket is in another region, or behind another endpoint{Said(e)}; add the storage with the right one (-region, -endpoint)"),
        "QuotaExceeded" or "XMinioAdminBucketQuotaExceeded" or "XMinioStorageFull" or "StorageFull" or "InsufficientStorage" or "NoSpaceLeft" => (Kind.Full, "there is no room left, or no more may be used; make some there, or have the quota raised"),
        "InvalidObjectState" => (Kind.Refused, "it was moved to an archive; bring it back there, and exempt the bucket from such rules"),
        "XAmzContentSHA256Mismatch" or "BadDigest" or "InvalidDigest" => (Kind.Away, "the bytes were changed on their way; it is tried again"),
        "AccessDenied" or "AccountProblem" or "AllAccessDisabled" or "Forbidden" or "MethodNotAllowed" => (Kind.Refused, $"the server does not allow it{Said(e)}; {Allow(address, what)}"),
        _ when e.StatusCode == HttpStatusCode.InsufficientStorage => (Kind.Full, "there is no room left there; make some"),
        _ when e.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Redirect or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect => (Kind.Refused, "the server sends us elsewhere: the bucket is in another region, or behind another endpoint; add the storage with the right one (-region, -endpoint)"),
        _ when e.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => (Kind.Refused, $"the server does not allow it{Said(e)}; {Allow(address, what)}"),
        _ when e.StatusCode == HttpStatusCode.NotImplemented || e.ErrorCode == nameof(HttpStatusCode.NotImplemented) => (Kind.Refused, $"the server cannot do that{Said(e)}; it needs a newer version, or is none that can keep packs"),
        _ when e.StatusCode == HttpStatusCode.Conflict || e.ErrorCode == "OperationAborted" => (Kind.Away, $"others write there at this moment{Said(e)}"),

        // By their codes, too: some come in an answer that began as a success.
        _ when e.StatusCode >= HttpStatusCode.InternalServerError || e.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || e.ErrorCode is "SlowDown" or "RequestTimeout" or "InternalError" or "ServiceUnavailable" => (Kind.Away, $"the server fails or has too much to do{Said(e)}"),
        _ => (Kind.Refused, $"the server refuses it{Said(e)}; if it is another kind of server, look at the endpoint"),
    };

    private static (Kind Kind, string Reason) OfLibrary(S3Address address, Exception e)
    {
        if (e.Message.Contains("No RegionEndpoint", StringComparison.Ordinal)) return (Kind.Refused, "no region is known; add the storage with one (-region), or with the server's address (-endpoint)");
        bool isCredentials = e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("profile", StringComparison.OrdinalIgnoreCase);
        if (isCredentials) return (Kind.Refused, $"no credentials were found; {PutRight(address)}");
        return e.InnerException is { } inner && inner is not (AmazonClientException or AmazonServiceException) ? OfWay(address, inner) : (Kind.Away, ServerWords.Printable(e.Message.ReplaceLineEndings(" ")));
    }

    private static (Kind Kind, string Reason) OfWay(S3Address address, Exception e)
    {
        string server = address.Endpoint ?? "AWS";
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException) return (Kind.Refused, $"the certificate of {server} is not trusted ({ServerWords.Printable(cause.Message)}); if it is known to be right, have this machine trust whoever issued it (/usr/local/share/ca-certificates, update-ca-certificates), or look at the host's name");
            if (cause is SocketException socket) return (Kind.Away, OfSocket(server, socket));
        }

        return e is OperationCanceledException or TimeoutException
            ? (Kind.Away, $"{server} does not answer")
            : (Kind.Away, $"the connection to {server} failed ({ServerWords.Printable((e.InnerException ?? e).Message)})");
    }

    private static string OfSocket(string server, SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"{server} refuses the connection",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => $"the name of {server} cannot be resolved; look at its spelling, and at the network",
        SocketError.TimedOut => $"{server} does not answer",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown => "the network is not reachable",
        _ => $"the connection to {server} failed ({ServerWords.Printable(e.Message)})",
    };

    private static string PutRight(S3Address address) => address.Secret is { } name
        ? $"put the right ones in: bazil secret set {name}"
        : "keep them with: bazil secret set NAME, and add the storage with -secret=NAME; or put them where AWS's own tools look for them (the server's environment, ~/.aws/credentials)";

    private static string Allow(S3Address address, string what)
    {
        string right = what.Split(' ')[0] switch
        {
            "write" => "write to it (s3:PutObject, s3:AbortMultipartUpload)",
            "list" => "list it (s3:ListBucket)",
            "delete" => "delete from it (s3:DeleteObject)",
            _ => "read it (s3:GetObject, s3:ListBucket)",
        };
        return $"give these credentials the right to {right} there, or use others{(address.Secret is { } name ? $": bazil secret set {name}" : "")}";
    }

    private static string Said(AmazonServiceException e)
    {
        string words = ServerWords.Printable((e.Message.StartsWith("Error making request", StringComparison.Ordinal) ? "" : e.Message).ReplaceLineEndings(" "));
        string code = ServerWords.Printable(e.ErrorCode is { Length: > 0 } given ? given : e.StatusCode.ToString());
        return words.Length == 0 || words.Contains(code, StringComparison.OrdinalIgnoreCase) ? $" ({(words.Length == 0 ? code : words)})" : $" ({code}: {words})";
    }

    private static StoreException? StoreFailureIn(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is StoreException found) return found;
        }

        return null;
    }
}
