using System.Text;
using Bazil.Server.Errors;

namespace Bazil.Server.Config;

/// <summary>What people may call things. One place, so that a name which one command accepts is accepted by all.</summary>
public static class NameRules
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Checks the name of a volume, sharing key or storage.</summary>
    /// <param name="noun">What it names, for the message: <c>volume name</c>.</param>
    /// <exception cref="CommandFailedException">The name is not usable; the message says which rule it breaks.</exception>
    public static void Check(string noun, string name) => Check(noun, name, Limits.NameBytesMax);

    /// <summary>Checks a peer's nickname. It must not be mistakable for a key or an address.</summary>
    /// <inheritdoc cref="Check(string,string)" path="/exception"/>
    public static void CheckNickname(string name)
    {
        Check("nickname", name, Limits.NicknameBytesMax);
        if (name.Length == 64 && name.All(char.IsAsciiHexDigit)) throw Bad("nickname", name, "it looks like a public key");
        if (name.Contains(':')) throw Bad("nickname", name, "it contains a colon, so it looks like an address");
        if (name.StartsWith('-')) throw Bad("nickname", name, "it starts with a dash, so it looks like an option");
    }

    private static void Check(string noun, string name, int bytesMax)
    {
        if (name.Length == 0) throw new CommandFailedException(ErrorKind.Invalid, $"invalid {noun}: it is empty");
        int bytes;
        try
        {
            bytes = StrictUtf8.GetByteCount(name);
        }
        catch (EncoderFallbackException)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"invalid {noun}: it is not valid UTF-8");
        }

        if (bytes > bytesMax) throw new CommandFailedException(ErrorKind.Invalid, $"invalid {noun}: {bytes} bytes are too long, at most {bytesMax} are allowed");
        if (name.Contains('/')) throw Bad(noun, name, "it contains a slash");
        if (name.Any(char.IsControl)) throw new CommandFailedException(ErrorKind.Invalid, $"invalid {noun}: it contains a control character");
        if (name is "." or "..") throw Bad(noun, name, "it is reserved");
        if (name.Trim() != name) throw Bad(noun, name, "it starts or ends with a blank");
    }

    private static CommandFailedException Bad(string noun, string name, string reason) =>
        new(ErrorKind.Invalid, $"invalid {noun} \"{name}\": {reason}");
}
