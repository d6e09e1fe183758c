using Bazil.Fuse.Session;

namespace Bazil.Fuse.Transport;

/// <summary>Where a request goes once it is over and its handler ran on after the thread that read it. For any thread.</summary>
internal interface IRequestHome
{
    void Return(FuseRequest request);
}
