using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>A copy into an open file that is under way: what it needs may still have to be fetched, and must stay until the file has it.</summary>
/// <param name="Source">What is copied, as it was when the copy began.</param>
/// <param name="Vouched">What can be vouched for while it is copied.</param>
/// <param name="IsFromSnapshot">Whether a snapshot keeps it.</param>
internal sealed record ArrivingCopy(ContentValue Source, Knowledge Vouched, bool IsFromSnapshot);
