using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// One value of the content facet. Immutable. Equal values have the same bytes; the time of the change does not count,
/// nor does the key epoch under which the chunks were sealed.
/// </summary>
public sealed class ContentValue : IEquatable<ContentValue>
{
    private readonly byte[] _bytes;

    private ContentValue(ContentForm form, byte[] bytes, Manifest manifest, uint device, UnixTime modifyTime)
    {
        Form = form;
        _bytes = bytes;
        Manifest = manifest;
        Device = device;
        ModifyTime = modifyTime;
    }

    public ContentForm Form { get; }

    /// <summary>The content of an inline file, or the target of a symlink; otherwise empty.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The manifest of a file that is not inline.</summary>
    public Manifest Manifest { get; }

    /// <summary>The device number of a device node, as the kernel encodes it.</summary>
    public uint Device { get; }

    /// <summary>When these bytes were written.</summary>
    public UnixTime ModifyTime { get; }

    public ulong SizeBytes => Form == ContentForm.Blob ? Manifest.SizeBytes : (ulong)_bytes.Length;

    public static ContentValue Inline(ReadOnlySpan<byte> bytes, UnixTime time) => new(ContentForm.Inline, bytes.ToArray(), default, 0, time);

    public static ContentValue Blob(Manifest manifest, UnixTime time) => new(ContentForm.Blob, [], manifest, 0, time);

    public static ContentValue Symlink(ReadOnlySpan<byte> target, UnixTime time) => new(ContentForm.Symlink, target.ToArray(), default, 0, time);

    /// <summary>The content of a device, fifo (0) or socket (0).</summary>
    public static ContentValue Special(uint device, UnixTime time) => new(ContentForm.Special, [], default, device, time);

    public ContentValue WithModifyTime(UnixTime time) => new(Form, _bytes, Manifest, Device, time);

    public ContentValue WithKeyEpoch(uint epoch) => new(Form, _bytes, Manifest with { KeyEpoch = epoch }, Device, ModifyTime);

    /// <summary>Of two states of one change, the one that was sealed in the newer epoch. Both must stand under one version.</summary>
    public static ContentValue Newer(ContentValue mine, ContentValue theirs) =>
        theirs.Manifest.KeyEpoch > mine.Manifest.KeyEpoch && theirs.Equals(mine) ? theirs : mine;

    public bool Equals(ContentValue? other) =>
        other is not null && Form == other.Form && Device == other.Device
        && (Manifest with { KeyEpoch = 0 }) == (other.Manifest with { KeyEpoch = 0 })
        && _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => Equals(obj as ContentValue);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Form);
        hash.Add(Manifest.Root);
        hash.Add(Device);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => $"{Form}({SizeBytes})";
}
