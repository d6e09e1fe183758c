using System.Diagnostics;
using System.Text;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Tests.Cas;

/// <summary>The vectors of docs/crypto.md, sharing key 32 × 0x2a: frozen here, and computed again by Python's hashlib and PyNaCl.</summary>
public sealed class GoldenVectorTests
{
    private static readonly byte[] _secret = [.. Enumerable.Repeat((byte)0x2a, 32)];

    /// <summary>Writes the same lines as <see cref="Describe"/>. Written from docs/crypto.md alone.</summary>
    private const string Independent = """
        import sys, hashlib
        from nacl.bindings import crypto_secretbox
        S = bytes([0x2a]) * 32
        def pad(name): return name + bytes(16 - len(name))
        for line in sys.stdin.read().split('\n'):
            if not line: continue
            kind, level, content = line.split(' ')
            kind, level, content = kind.encode(), int(level), bytes.fromhex(content).rstrip(b'\0')
            if content:
                key = hashlib.blake2b(content, digest_size=32, person=pad(b'bazil:' + kind), salt=pad(level.to_bytes(8, 'little'))).digest()
                name = key + pad(kind) + level.to_bytes(8, 'little')
                nonce = hashlib.blake2b(name, digest_size=24, person=b'bazil-crypt-nonc').digest()
                object_id = hashlib.blake2b(name, digest_size=32, person=pad(b'bazil-crypt-key'), key=S).digest()
                box = b'\0' + crypto_secretbox(content, nonce, S)
            else:
                key, nonce, object_id, box = bytes(32), b'', b'', b''
            print(key.hex(), nonce.hex(), object_id.hex(), box.hex())
        """;

    [Theory]
    [InlineData(ChunkType.File, 0, "hello, world\n", "310f4e5b0138c3ac8f8387c97c632ab733ca2a68d9d8751eb87db84679ca8b33 9b68a8d66a7c21bbaac27f12def52623bf7e2b71dcbf23e2 5443e4232b6964df92d9bef2cb7c272144dfe7f894c30aedb41a835e56648705 0091ebbfcd7b1efdf86530f32e313bca79f658fe82743ba58816740b474b")]
    [InlineData(ChunkType.File, 0, "hello, world\n\0\0\0", "310f4e5b0138c3ac8f8387c97c632ab733ca2a68d9d8751eb87db84679ca8b33 9b68a8d66a7c21bbaac27f12def52623bf7e2b71dcbf23e2 5443e4232b6964df92d9bef2cb7c272144dfe7f894c30aedb41a835e56648705 0091ebbfcd7b1efdf86530f32e313bca79f658fe82743ba58816740b474b")]
    [InlineData(ChunkType.File, 1, "hello, world\n", "76550c4fa33fa5b6d8f280b0dd39c270f16b526401165775cf563cb738ab8eeb 80d46734a3ea46bb3962a4d5443de0d7234b76bfd517ee48 57216927fbc773c488bc8f2cdbd812bdef5c61893f23a0e2f4cc17ad5e02f6e5 00d5edd0cf3987b65058c2e7f14c47f8b38cb1de10aa40cb8bef28b5bb1d")]
    [InlineData(ChunkType.Directory, 0, "hello, world\n", "7cb6e7064abd5750ea0e96ddd7c1118ba861892fa54b67537712e43e669f1ac8 f71615be8d6c871cee62affb85e20bc1dea604f0ca2f76e7 240c2d65f3a28b1a50b5a1b5c3905c37755eca017bf5e6abbcbcc371c47ce105 00ffbd2d8c7fe354322eca0c04aba1169d19d94617a495b1c5a840abe758")]
    [InlineData(ChunkType.Snapshot, 255, "\0x", "92f67dbca5179f46c9d3ec38ff0fee239fae8cf4a6babefca6495985848e2d30 19c4053480617edc6405871c425fc6767b98c37eadfb2f39 bed6bee06272c555dd5a433df608d94918e90c3ee0249f648223c7da14fc939b 00826d1339acf80c36003f776269ddb3b78e3c")]
    [InlineData(ChunkType.File, 0, "\0\0\0", "0000000000000000000000000000000000000000000000000000000000000000   ")]
    [InlineData(ChunkType.File, 0, "", "0000000000000000000000000000000000000000000000000000000000000000   ")]
    public void Key_nonce_id_and_object_are_frozen(ChunkType type, byte level, string content, string expected) =>
        Assert.Equal(expected, Describe(type, level, Encoding.ASCII.GetBytes(content)));

    [Fact]
    public void Independent_implementation_computes_the_same()
    {
        const string Python = "/usr/bin/python3";
        if (!File.Exists(Python)) Assert.Skip("/usr/bin/python3 is not installed");
        if (Run(Python, "import nacl.bindings", "") is null) Assert.Skip("PyNaCl is not installed (package python3-nacl)");

        var random = new Random(20);
        var input = new StringBuilder();
        var expected = new StringBuilder();
        for (int index = 0; index < 200; index++)
        {
            var type = (ChunkType)(1 + random.Next(3));
            byte level = (byte)random.Next(random.Next(2) == 0 ? 3 : 256);
            byte[] content = new byte[random.Next(4) == 0 ? random.Next(3) : random.Next(5000)];
            if (random.Next(5) > 0) random.NextBytes(content);
            string name = type switch { ChunkType.File => "file", ChunkType.Directory => "dir", _ => "snap" };
            input.Append(name).Append(' ').Append(level).Append(' ').Append(Convert.ToHexStringLower(content)).Append('\n');
            expected.Append(Describe(type, level, content)).Append('\n');
        }

        Assert.Equal(expected.ToString(), Run(Python, Independent, input.ToString()));
    }

    /// <summary>Chunk key, nonce, object id and object in hex.</summary>
    private static string Describe(ChunkType type, byte level, byte[] content)
    {
        using var secret = new SharingKey(_secret);
        ChunkKey key = ChunkHash.KeyOf(type, level, content);
        if (key.IsZero) return $"{key}   ";
        byte[] nonce = new byte[SecretBox.NonceSize];
        ObjectNaming.WriteNonce(type, level, key, nonce);
        ReadOnlySpan<byte> trimmed = ChunkHash.Trim(content);
        byte[] sealedObject = new byte[trimmed.Length + PlainBox.OverheadSize];
        PlainBox.Seal(secret, type, level, key, trimmed, sealedObject);
        return $"{key} {Convert.ToHexStringLower(nonce)} {ObjectNaming.IdOf(secret, type, level, key)} {Convert.ToHexStringLower(sealedObject)}";
    }

    internal static string? Run(string program, string script, string input)
    {
        var start = new ProcessStartInfo(program, ["-c", script]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        Task.WaitAll(output, errors);
        return process.ExitCode == 0 ? output.GetAwaiter().GetResult() : null;
    }
}
