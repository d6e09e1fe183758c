using System.Runtime.InteropServices;

namespace Bazil.Fuse.Mount;

/// <summary>Texts as C programs take them: an array of pointers to NUL-terminated UTF-8, with a null at its end.</summary>
internal sealed unsafe class StringBlock : IDisposable
{
    private readonly int _count;

    internal StringBlock(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        Pointers = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < _count; i++) Pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
    }

    internal byte** Pointers { get; private set; }

    public void Dispose()
    {
        if (Pointers is null) return;
        for (var i = 0; i < _count; i++) Marshal.FreeCoTaskMem((nint)Pointers[i]);
        NativeMemory.Free(Pointers);
        Pointers = null;
    }
}
