namespace Bazil.Remotes.Sftp;

/// <summary>How the OpenSSH client is run.</summary>
/// <param name="Program">Its path or name.</param>
/// <param name="Arguments">Further arguments, before the host: a configuration file, a key.</param>
public sealed record SshOptions(string Program, IReadOnlyList<string> Arguments)
{
    public static SshOptions Default { get; } = new("ssh", []);
}
