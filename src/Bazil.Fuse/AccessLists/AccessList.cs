using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Bazil.Fuse;

/// <summary>
/// A POSIX access list, as it travels in <see cref="AccessName"/> and <see cref="DefaultName"/>. With
/// <see cref="FuseCapabilities.PosixAcl"/> the kernel checks permissions by it, and the file system keeps list and mode in
/// step: it stores what <see cref="ApplyTo"/> says when a list is set, <see cref="WithMode"/> after chmod, and
/// <see cref="Inherit"/> for new nodes (which needs <see cref="FuseCapabilities.DontMask"/>). Immutable.
/// <code>
/// version 2 (4) | entries: tag (2), permissions (2), id (4); little endian
/// </code>
/// </summary>
public sealed class AccessList
{
    private const uint Version = 2;
    private const int HeaderBytes = 4;
    private const int EntryBytes = 8;
    private const uint AllPermissions = 7;

    private readonly AccessListEntry[] _entries;

    private AccessList(AccessListEntry[] entries) => _entries = entries;

    /// <summary>The extended attribute of the list by which access is decided.</summary>
    public static ReadOnlySpan<byte> AccessName => "system.posix_acl_access"u8;

    /// <summary>The extended attribute of the list that a directory hands on to what is made in it.</summary>
    public static ReadOnlySpan<byte> DefaultName => "system.posix_acl_default"u8;

    public ReadOnlySpan<AccessListEntry> Entries => _entries;

    /// <summary>True when it says no more than the nine permission bits: such a list is not stored.</summary>
    public bool IsMode => _entries.Length == 3;

    /// <summary>Reads the value of an extended attribute; false when it is no valid list (EINVAL).</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out AccessList? list)
    {
        list = null;
        if (value.Length < HeaderBytes || (value.Length - HeaderBytes) % EntryBytes != 0) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(value) != Version) return false;
        var entries = new AccessListEntry[(value.Length - HeaderBytes) / EntryBytes];
        for (var index = 0; index < entries.Length; index++)
        {
            var entry = value.Slice(HeaderBytes + (index * EntryBytes), EntryBytes);
            entries[index] = new AccessListEntry(
                (AccessListTag)BinaryPrimitives.ReadUInt16LittleEndian(entry),
                BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
        }

        if (!IsValid(entries)) return false;
        list = new AccessList(entries);
        return true;
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderBytes + (_entries.Length * EntryBytes)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Version);
        for (var index = 0; index < _entries.Length; index++)
        {
            var entry = bytes.AsSpan(HeaderBytes + (index * EntryBytes), EntryBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, (ushort)_entries[index].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)_entries[index].Permissions);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], _entries[index].Id);
        }

        return bytes;
    }

    /// <summary>The mode of a node that gets this as its access list: the group bits show the mask, if there is one.</summary>
    public uint ApplyTo(uint mode) =>
        (mode & ~0x1FFu) | (Of(AccessListTag.Owner) << 6) | (Of(GroupClass) << 3) | Of(AccessListTag.Other);

    /// <summary>The access list of a node after chmod.</summary>
    public AccessList WithMode(uint mode) => Changed(entry => entry.Tag switch
    {
        AccessListTag.Owner => (mode >> 6) & AllPermissions,
        AccessListTag.Other => mode & AllPermissions,
        _ when entry.Tag == GroupClass => (mode >> 3) & AllPermissions,
        _ => entry.Permissions,
    });

    /// <summary>
    /// The access list of a node made where this is the default list: nobody gets more than the maker asked for in
    /// <paramref name="mode"/>, and the mode becomes what the list leaves. The umask has no part in it.
    /// </summary>
    public AccessList Inherit(ref uint mode)
    {
        var asked = mode;
        var inherited = Changed(entry => entry.Tag switch
        {
            AccessListTag.Owner => entry.Permissions & (asked >> 6),
            AccessListTag.Other => entry.Permissions & asked,
            _ when entry.Tag == GroupClass => entry.Permissions & (asked >> 3),
            _ => entry.Permissions,
        });
        mode = inherited.ApplyTo(mode);
        return inherited;
    }

    private AccessListTag GroupClass => _entries.Any(entry => entry.Tag == AccessListTag.Mask) ? AccessListTag.Mask : AccessListTag.OwningGroup;

    private uint Of(AccessListTag tag) => _entries.First(entry => entry.Tag == tag).Permissions;

    private AccessList Changed(Func<AccessListEntry, uint> permissions) =>
        new([.. _entries.Select(entry => entry with { Permissions = permissions(entry) })]);

    /// <summary>Owner, owning group and other once each, named entries only with a mask, all in the order of their tags.</summary>
    private static bool IsValid(AccessListEntry[] entries)
    {
        var previous = (AccessListTag)0;
        var seen = 0;
        foreach (var entry in entries)
        {
            var isNamed = entry.Tag is AccessListTag.User or AccessListTag.Group;
            if (!Enum.IsDefined(entry.Tag) || entry.Permissions > AllPermissions) return false;
            if (entry.Tag < previous || (entry.Tag == previous && !isNamed)) return false;
            if (isNamed && entry.Id == uint.MaxValue) return false;
            previous = entry.Tag;
            seen |= (int)entry.Tag;
        }

        const int Required = (int)AccessListTag.Owner | (int)AccessListTag.OwningGroup | (int)AccessListTag.Other;
        const int Named = (int)AccessListTag.User | (int)AccessListTag.Group;
        return (seen & Required) == Required && ((seen & Named) == 0 || (seen & (int)AccessListTag.Mask) != 0);
    }
}
