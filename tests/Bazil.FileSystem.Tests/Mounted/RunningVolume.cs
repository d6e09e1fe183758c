namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>One mounted volume for all tests of a class; each works in a directory of its own.</summary>
public sealed class RunningVolume : IDisposable
{
    public RunningVolume() => Volume.Start();

    public MountedVolume Volume { get; } = new();

    public void Dispose()
    {
        Volume.Stop();
        Volume.Dispose();
    }
}
