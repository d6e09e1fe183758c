using Bazil.Storage.Collection;

namespace Bazil.FileSystem.Tests.Collection;

/// <summary>Lets other things happen between the steps of a collection.</summary>
internal sealed class BusyPace(Func<Task> meanwhile) : Pace(TimeProvider.System, 0)
{
    public override async ValueTask StepAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        await meanwhile();
    }
}
