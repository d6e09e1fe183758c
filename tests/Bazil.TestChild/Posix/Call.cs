namespace Bazil.TestChild.Posix;

/// <summary>One system call with its arguments, made on both sides.</summary>
/// <param name="Text">The call as a person would write it.</param>
/// <param name="Make">Makes it on one side.</param>
/// <param name="Paths">What it may have changed.</param>
internal sealed record Call(string Text, Func<Side, Outcome> Make, params string[] Paths);
