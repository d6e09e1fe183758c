using System.Buffers;
using Bazil.Core;

namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>A store elsewhere that others may write to, too: what was read from it and found right is known to be there. Safe for concurrent use.</summary>
public interface IReadWitness
{
    /// <summary>Notes that an answer of this store is what its id says. Asks nobody, fails for nothing, and may be lost when this machine dies.</summary>
    /// <param name="id">What was asked for.</param>
    /// <param name="answer">What the store returned for it; it may be disposed.</param>
    void NoteVerified(in ObjectId id, IMemoryOwner<byte> answer);
}
