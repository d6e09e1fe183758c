using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Mount;

/// <summary>What came of running a helper program.</summary>
/// <param name="StartError">Why it could not be started; OK when it ran.</param>
/// <param name="WaitStatus">Its status as waitpid(2) gives it.</param>
/// <param name="Message">What it wrote to its standard error.</param>
/// <param name="Descriptor">The descriptor it sent, owned by the receiver of this result.</param>
internal sealed record HelperResult(Errno StartError, int WaitStatus, string Message, SafeFileHandle? Descriptor)
{
    internal bool Succeeded => StartError == Errno.OK && WaitStatus == 0;

    internal string Describe(string program) =>
        Message.Length > 0 ? Message : $"{program} failed with status {WaitStatus >> 8}";
}
