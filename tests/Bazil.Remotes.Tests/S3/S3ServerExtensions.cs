using Bazil.Remotes.S3;
using Bazil.Testing;
using Bazil.Testing.S3;

namespace Bazil.Remotes.Tests.S3;

internal static class S3ServerExtensions
{
    private static readonly S3Key _owner = new(S3Server.AccessKey, S3Server.SecretKey, null);

    /// <summary>A folder in a bucket, with the owner's credentials unless others are given.</summary>
    public static S3Folder OpenFolder(this S3Server server, string bucket, string prefix = "", Func<S3Key>? key = null, string? endpoint = null, TimeProvider? time = null) =>
        new(new S3Address(bucket, prefix, endpoint ?? server.Endpoint, null, true, "nas"), key ?? (static () => _owner), time ?? TimeProvider.System);

    /// <summary>The server that tests share; skips the test where there is none.</summary>
    public static S3Server Shared
    {
        get
        {
            Require();
            return S3Server.Shared;
        }
    }

    /// <summary>Skips the test where there is no gateway.</summary>
    public static void Require() => Assert.SkipWhen(S3Server.WhyNone is not null, S3Server.WhyNone ?? "");
}
