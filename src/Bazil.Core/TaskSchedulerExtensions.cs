namespace Bazil.Core;

/// <summary>Background work on a scheduler that came in by constructor, so that a simulation decides the order of all steps.</summary>
public static class TaskSchedulerExtensions
{
    /// <summary>As <see cref="Task.Run(Func{Task})"/>, on this scheduler.</summary>
    public static Task RunAsync(this TaskScheduler scheduler, Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();

    /// <inheritdoc cref="RunAsync"/>
    public static Task<T> RunAsync<T>(this TaskScheduler scheduler, Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
}
