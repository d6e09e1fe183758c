using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>A claim and the directory row it is in: the named parent, or the root when that cannot be.</summary>
/// <param name="Parent">Inode of the directory that shows it.</param>
/// <param name="Name">The name there.</param>
/// <param name="Claim">The claim.</param>
/// <param name="IsAtHome">False when it is shown under the root for want of its parent, or to break a cycle.</param>
internal readonly record struct PlacedClaim(InodeId Parent, FileName Name, Claim Claim, bool IsAtHome);
