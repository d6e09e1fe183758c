using Bazil.Server.Config;

namespace Bazil.Server.Errors;

/// <summary>Puts the nicknames of peers in the place of their keys, which nobody can tell apart. Safe for concurrent use.</summary>
internal sealed class PeerNicknames(ConfigStore config)
{
    /// <returns>The text; what it tells to type works the same, for a nickname stands wherever the key does.</returns>
    public string In(string text)
    {
        foreach (PeerConfig peer in config.ListPeers())
        {
            if (peer.Nickname is { } nickname) text = text.Replace(peer.Id.ToString(), nickname, StringComparison.Ordinal);
        }

        return text;
    }
}
