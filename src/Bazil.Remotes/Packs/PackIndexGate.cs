using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>The locks of the rows of stores: several addresses may lead to one store, whose rows are the same. Concurrent.</summary>
internal static class PackIndexGate
{
    private static readonly ConditionalWeakTable<IMetadataStore, ConcurrentDictionary<Guid, Lock>> _gates = [];

    public static Lock Of(IMetadataStore metadata, byte[] storeId) =>
        _gates.GetValue(metadata, static _ => []).GetOrAdd(new Guid(storeId, bigEndian: true), static _ => new Lock());
}
