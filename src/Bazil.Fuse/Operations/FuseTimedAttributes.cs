namespace Bazil.Fuse;

/// <summary>Attributes and how long the kernel may use them without asking again.</summary>
public readonly record struct FuseTimedAttributes(FuseAttributes Attributes, TimeSpan Timeout);
