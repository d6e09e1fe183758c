using Bazil.Core;

namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>A store elsewhere that others may write to, too: what was read from it and found right is known to be there. Safe for concurrent use.</summary>
public interface IReadWitness
{
    /// <summary>Notes that the object was read from here and is what its id says. Asks nobody, and may be lost when this machine dies.</summary>
    void NoteVerified(in ObjectId id);
}
