using Bazil.Remotes.Folders;
using Bazil.Remotes.Tests.Contracts;

namespace Bazil.Remotes.Tests.Folders;

/// <summary>The folder that other tests use keeps the contract, too.</summary>
public sealed class MemoryFolderTests : RemoteFolderContract
{
    protected override ValueTask<IRemoteFolder> CreateAsync() => new(new MemoryFolder());
}
