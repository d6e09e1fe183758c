namespace Bazil.Unix;

/// <summary>A system call failed. The message names the attempt, the object and the reason, for example
/// <c>cannot open /data/lock: Permission denied (EACCES)</c>.</summary>
/// <param name="error">The error number the kernel returned.</param>
/// <param name="what">The attempt, as a verb: <c>open</c>, <c>lock</c>, <c>sync</c>.</param>
/// <param name="path">The object: a path, or what stands for it.</param>
public sealed class UnixException(Errno error, string what, string path)
    : IOException($"cannot {what} {path}: {Describe(error)}")
{
    public Errno Error { get; } = error;

    public string Path { get; } = path;

    private static string Describe(Errno error) =>
        $"{System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage((int)error)} ({error})";
}
