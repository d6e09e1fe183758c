namespace Bazil.Cli.Parsing;

/// <summary>The command line makes no sense, found out after parsing. The message says what is wrong with it.</summary>
internal sealed class UsageException(string message) : Exception(message);
