using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Stores.Faults;

/// <summary>Makes calls meet what a plan says.</summary>
/// <param name="plan">Decides.</param>
/// <param name="name">For messages.</param>
public sealed class FaultyCalls(FaultPlan plan, string name)
{
    private const int LateMillisecondsMax = 5;

    /// <param name="call">What is called.</param>
    /// <param name="mayBeLost">False for a call whose answer says what it has changed: who repeats it hears something else.</param>
    /// <param name="spoil">Changes what was read; null for a call that reads nothing.</param>
    /// <param name="cancel">Ends one that hangs.</param>
    public async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> call, bool mayBeLost, Func<Fault, T, T>? spoil, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Fault fault = plan.Next();
        if (fault == Fault.Late) await Task.Delay(TimeSpan.FromMilliseconds(plan.Next(LateMillisecondsMax)), TimeProvider.System, cancel);
        if (fault == Fault.Hanging) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        if (fault == Fault.Failing || (fault == Fault.Lost && !mayBeLost)) throw Failure("failed");
        T answer = await call();
        if (fault != Fault.Lost) return fault is Fault.Lying or Fault.CutOff && spoil is not null ? spoil(fault, answer) : answer;
        (answer as IDisposable)?.Dispose();
        throw Failure("has done it, and its answer was lost");
    }

    private StoreException Failure(string what) => new($"{name} {what} ({plan})") { IsUnreachable = true };
}
