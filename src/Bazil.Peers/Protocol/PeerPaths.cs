namespace Bazil.Peers.Protocol;

/// <summary>Where the endpoints are. The version is part of every path: a node that does not speak it answers 404.</summary>
internal static class PeerPaths
{
    public const string Prefix = "/bazil/1/";
    public const string Ping = Prefix + "ping";
    public const string VolumeHello = Prefix + "volume/hello";
    public const string VolumeProof = Prefix + "volume/proof";

    /// <summary>Followed by the volume id in hex.</summary>
    public const string VolumeExchange = Prefix + "volume/exchange/";

    /// <summary>Followed by the volume id in hex.</summary>
    public const string VolumeWatch = Prefix + "volume/watch/";

    public const string ObjectsGet = Prefix + "objects/get";
    public const string ObjectsHas = Prefix + "objects/has";
    public const string ObjectsPut = Prefix + "objects/put";
    public const string ObjectsSync = Prefix + "objects/sync";
    public const string ObjectsList = Prefix + "objects/list";
    public const string ObjectsDiscard = Prefix + "objects/discard";
    public const string ObjectsHold = Prefix + "objects/hold";
    public const string ObjectsRelease = Prefix + "objects/release";
}
