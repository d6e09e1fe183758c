using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>Something wrong inside a store that goes on working.</summary>
/// <param name="Message">Names the store, the place and the reason.</param>
/// <param name="Id">The object it is about, when that is known.</param>
public sealed record StoreProblem(StoreProblemKind Kind, string Message, ObjectId? Id = null);
