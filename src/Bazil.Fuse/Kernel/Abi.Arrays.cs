using System.Runtime.CompilerServices;

namespace Bazil.Fuse.Kernel;

/// <summary>The arrays inside kernel structs.</summary>
internal static partial class Abi
{
    [InlineArray(11)]
    internal struct InitInUnused
    {
        private uint _first;
    }

    [InlineArray(11)]
    internal struct InitOutUnused
    {
        private ushort _first;
    }

    [InlineArray(6)]
    internal struct StatFsSpare
    {
        private uint _first;
    }

    [InlineArray(14)]
    internal struct StatxSpare
    {
        private ulong _first;
    }
}
