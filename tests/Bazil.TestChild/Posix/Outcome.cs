using System.Runtime.InteropServices;
using Bazil.Unix;

namespace Bazil.TestChild.Posix;

/// <summary>What a system call gave: its value and data, or the reason of its failure.</summary>
internal readonly record struct Outcome(Errno Error, long Value, string Data)
{
    public static Outcome Of(long result, string data = "") => result < 0 ? Failed() : new Outcome(Errno.OK, result, data);

    /// <summary>For calls whose value says nothing, such as a descriptor.</summary>
    public static Outcome Done(long result, string data = "") => result < 0 ? Failed() : new Outcome(Errno.OK, 0, data);

    public override string ToString() => Error != Errno.OK ? $"{Error}" : $"{Value} {(Data.Length > 300 ? $"{Data[..300]}... ({Data.Length})" : Data)}";

    private static Outcome Failed() => new((Errno)Marshal.GetLastPInvokeError(), -1, "");
}
