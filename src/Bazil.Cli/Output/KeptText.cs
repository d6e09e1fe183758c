using System.Globalization;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Output;

/// <summary>Objects and a reason, for people.</summary>
internal static class KeptText
{
    public static string Of(KeptInfo kept) => string.Create(CultureInfo.InvariantCulture, $"{ByteText.Of(kept.Bytes)} in {kept.Objects} objects: {kept.Reason}");
}
