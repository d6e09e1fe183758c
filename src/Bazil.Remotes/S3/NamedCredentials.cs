using Amazon.Runtime;

namespace Bazil.Remotes.S3;

/// <summary>The credentials that this node keeps under a name, read anew for each request: what is set counts at once.</summary>
internal sealed class NamedCredentials(Func<S3Key> read) : AWSCredentials
{
    public override ImmutableCredentials GetCredentials()
    {
        S3Key key = read();
        return new ImmutableCredentials(key.Id, key.Secret, key.SessionToken);
    }

    public override Task<ImmutableCredentials> GetCredentialsAsync() => Task.FromResult(GetCredentials());
}
