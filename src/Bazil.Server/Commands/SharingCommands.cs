using System.Security.Cryptography;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil sharing</c>.</summary>
internal sealed class SharingCommands(ConfigStore config)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.SharingAdd, (request, _) => Task.FromResult(Add(request)));
        dispatcher.Add(ControlMethods.SharingList, (_, _) => Task.FromResult(List()));
    }

    private Nothing Add(SharingAddRequest request)
    {
        try
        {
            config.AddSharingKey(request.Name, request.Secret);
            return Nothing.Instance;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request.Secret);
        }
    }

    private SharingListReply List()
    {
        IReadOnlyList<VolumeConfig> volumes = config.ListVolumes();
        return new SharingListReply([
            .. config.ListSharingKeys().Select(name => new SharingInfo(name, [.. volumes.Where(v => v.SharingKeyName == name).Select(static v => v.Name)])),
        ]);
    }
}
