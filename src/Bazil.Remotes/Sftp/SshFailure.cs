using Bazil.Storage.Stores;

namespace Bazil.Remotes.Sftp;

/// <summary>What the ssh program says when it gives up, as an error that names what to do.</summary>
internal static class SshFailure
{
    private static readonly (string Words, bool IsUnreachable, string Reason)[] _known =
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", false, "its host key has changed: another machine may pretend to be it; if the change is known to be right, remove the old key with ssh-keygen -R and connect once with ssh"),
        ("Host key verification failed", false, "its host key is not known; connect once with ssh and accept it"),
        ("Permission denied", false, "it does not let us in; check that ssh to it works without a password (key in ~/.ssh or in the agent)"),
        ("Could not resolve hostname", true, "its name cannot be resolved"),
        ("Connection refused", true, "it refuses the connection"),
        ("Connection timed out", true, "it does not answer"),
        ("Operation timed out", true, "it does not answer"),
        ("No route to host", true, "there is no route to it"),
        ("Network is unreachable", true, "the network is not reachable"),
        ("subsystem request failed", false, "it offers no sftp subsystem; switch it on in its sshd_config"),
    ];

    public static StoreException Explain(SftpAddress address, string words, Exception inner)
    {
        foreach ((string known, bool isUnreachable, string reason) in _known)
        {
            if (!words.Contains(known, StringComparison.Ordinal)) continue;
            string? next = isUnreachable ? $"look at the name and the port, and whether that machine is on; to try without Bazil: ssh {(address.Port is { } port ? $"-p {port} " : "")}{address.Host}" : null;
            return new StoreException($"cannot use {address}: {reason}", inner) { IsUnreachable = isUnreachable, NextStep = next };
        }

        string said = ServerWords.Printable(words.Trim().ReplaceLineEndings("; "));
        return new StoreException($"cannot use {address}: {(said.Length > 0 ? said : inner.Message)}", inner) { IsUnreachable = true };
    }
}
