using System.Runtime.CompilerServices;
using Bazil.Core.Crypto;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>Keys of nodes: the same one for each start with the same database.</summary>
internal static class TestNode
{
    private static readonly ConditionalWeakTable<IMetadataStore, SigningKey> _keys = [];

    public static SigningKey KeyOf(IMetadataStore metadata) => _keys.GetValue(metadata, static _ => SigningKey.Generate(new SodiumEntropy()));

    /// <summary>The same key for the same number, always.</summary>
    public static SigningKey Key(int number)
    {
        byte[] seed = new byte[SigningKey.SeedSize];
        seed[0] = (byte)number;
        return SigningKey.FromSeed(seed);
    }
}
