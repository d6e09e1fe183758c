using System.Globalization;
using System.Text;

namespace Bazil.Unix;

/// <summary>The heap of the C library, which native libraries allocate from.</summary>
public static unsafe class NativeHeap
{
    private const string BegunVariable = "BAZIL_BEGUN_ANEW"; // the C library takes its own out of the environment of a program with privileges
    private const string HeapsVariable = "MALLOC_ARENA_MAX"; // mallopt(3); read when a process starts, and only then


    /// <summary>
    /// Keeps what is freed from lying about. By itself the library gives nearly each thread a heap of its own, and what one thread frees in one of them
    /// is of no use to the others: caches whose entries many threads make come to take several times their size. The shared heaps are locked for the
    /// length of an allocation only. Larger pieces go back to the kernel when they are freed.
    /// Heaps that are there stay, and the runtime has made some for its own threads: only the variable <c>MALLOC_ARENA_MAX</c> keeps it from that.
    /// Call it before a library starts threads.
    /// </summary>
    /// <param name="heapsMax">With so many no further one is made, and all threads share those that there are.</param>
    /// <param name="mappedBytesMin">Pieces of this size and larger are mapped one by one.</param>
    public static void Restrict(int heapsMax, int mappedBytesMin)
    {
        try
        {
            _ = Libc.MallOpt(Libc.M_ARENA_MAX, heapsMax);
            _ = Libc.MallOpt(Libc.M_MMAP_THRESHOLD, mappedBytesMin);
        }
        catch (EntryPointNotFoundException)
        {
            // Another library than glibc: it has no such heaps.
        }
    }

    /// <summary>
    /// Begins this program anew, in the same process and with the same arguments, with so many heaps from its first thread on. Does not return then. It does when the number of heaps
    /// was chosen already, by this method or by whoever started the program, and when the kernel refuses. Call it before anything is open.
    /// </summary>
    public static void BeginAnewWith(int heaps)
    {
        if (Environment.GetEnvironmentVariable(HeapsVariable) is not null || Environment.GetEnvironmentVariable(BegunVariable) is not null || Environment.ProcessPath is not { } program) return;
        if (Libc.SetVariable(HeapsVariable, heaps.ToString(CultureInfo.InvariantCulture), overwrite: 0) != 0 || Libc.SetVariable(BegunVariable, "1", overwrite: 1) != 0) return;
        byte[] line = File.ReadAllBytes("/proc/self/cmdline"); // as it was given, also what is no UTF-8; each argument ends with NUL
        fixed (byte* words = line)
        fixed (byte* path = Encoding.UTF8.GetBytes(program + '\0'))
        {
            var arguments = new nint[line.AsSpan().Count((byte)0) + 1];
            int count = 0;
            for (int start = 0; start < line.Length; start += line.AsSpan(start).IndexOf((byte)0) + 1) arguments[count++] = (nint)(words + start);
            arguments[count] = 0;
            fixed (nint* list = arguments) _ = Libc.Execute(path, (byte**)list);
        }
    }
}
