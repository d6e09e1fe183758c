using System.Text;

namespace Bazil.FileSystem.Nodes;

/// <summary>The extended attributes of a node, ordered by name. Immutable.</summary>
public sealed class ExtendedAttributes : IEquatable<ExtendedAttributes>
{
    public static readonly ExtendedAttributes None = new([]);

    private readonly KeyValuePair<byte[], byte[]>[] _entries;

    private ExtendedAttributes(KeyValuePair<byte[], byte[]>[] entries) => _entries = entries;

    public int Count => _entries.Length;

    public ReadOnlySpan<KeyValuePair<byte[], byte[]>> Entries => _entries;

    public int TotalBytes => _entries.Sum(entry => entry.Key.Length + entry.Value.Length);

    /// <summary>Takes over entries that are already ordered by name, without duplicates.</summary>
    internal static ExtendedAttributes OfSorted(KeyValuePair<byte[], byte[]>[] owned) => owned.Length == 0 ? None : new ExtendedAttributes(owned);

    /// <summary>Returns the value, or null when the name is absent.</summary>
    public byte[]? Find(ReadOnlySpan<byte> name)
    {
        foreach (KeyValuePair<byte[], byte[]> entry in _entries)
        {
            if (name.SequenceEqual(entry.Key)) return entry.Value;
        }

        return null;
    }

    public ExtendedAttributes With(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var entries = new List<KeyValuePair<byte[], byte[]>>(Without(name)._entries) { KeyValuePair.Create(name.ToArray(), value.ToArray()) };
        entries.Sort((a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        return new ExtendedAttributes([.. entries]);
    }

    public ExtendedAttributes Without(ReadOnlySpan<byte> name)
    {
        var entries = new List<KeyValuePair<byte[], byte[]>>(_entries.Length);
        foreach (KeyValuePair<byte[], byte[]> entry in _entries)
        {
            if (!name.SequenceEqual(entry.Key)) entries.Add(entry);
        }

        return entries.Count == 0 ? None : new ExtendedAttributes([.. entries]);
    }

    public bool Equals(ExtendedAttributes? other)
    {
        if (other is null || other.Count != Count) return false;
        for (int index = 0; index < _entries.Length; index++)
        {
            if (!_entries[index].Key.AsSpan().SequenceEqual(other._entries[index].Key)) return false;
            if (!_entries[index].Value.AsSpan().SequenceEqual(other._entries[index].Value)) return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as ExtendedAttributes);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (KeyValuePair<byte[], byte[]> entry in _entries)
        {
            hash.AddBytes(entry.Key);
            hash.AddBytes(entry.Value);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(' ', _entries.Select(entry => Encoding.UTF8.GetString(entry.Key)));
}
