namespace Bazil.FileSystem.Live;

/// <summary>The stores elsewhere that content of a volume may come from, for reads that wait for one of them. Safe for concurrent use.</summary>
public interface IContentReach
{
    /// <summary>How long a read waits for a store that is away; zero for not at all.</summary>
    TimeSpan WaitMax { get; }

    /// <summary>Completes when a store that was away answers again; from then on another task.</summary>
    Task Returned { get; }

    /// <summary>Names of the stores that could not be reached the last time they were asked.</summary>
    IReadOnlyCollection<string> Away { get; }

    /// <summary>While what is returned is not disposed, stores that are away are asked again and again whether they are back.</summary>
    IDisposable Watch();
}
