using System.Security.Cryptography;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Secrets;
using Bazil.Server.Storages;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil secret</c>. What is set counts with the next request to the storage.</summary>
internal sealed class SecretCommands(ConfigStore config, SecretStore secrets)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.SecretSet, (request, _) => Task.FromResult(Set(request)));
        dispatcher.Add(ControlMethods.SecretList, (_, _) => Task.FromResult(new SecretListReply([.. secrets.List().Select(name => new SecretInfo(name, UsersOf(name)))])));
        dispatcher.Add(ControlMethods.SecretRemove, (request, _) => Task.FromResult(Remove(request)));
    }

    private Nothing Set(SecretSetRequest request)
    {
        try
        {
            secrets.Set(request.Name, request.Content);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request.Content);
        }

        return Nothing.Instance;
    }

    private Nothing Remove(SecretRequest request)
    {
        if (UsersOf(request.Name) is [var user, ..])
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"storage {user} needs secret {request.Name}", "remove the storage first (bazil volume storage remove VOLUMENAME NAME), or replace the secret: bazil secret set NAME");
        }

        secrets.Remove(request.Name);
        return Nothing.Instance;
    }

    private List<string> UsersOf(string name) => [.. from volume in config.ListVolumes()
                                                     from storage in volume.Storages
                                                     where storage.Address is StorageAddress.S3Storage { Address.Secret: var secret } && secret == name
                                                     select $"{volume.Name}/{storage.Name}"];
}
