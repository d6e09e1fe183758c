using System.Reflection;
using System.Runtime.InteropServices;

namespace Bazil.Core.Crypto;

/// <summary>
/// All functions of libsodium that are used. Loaded at the first call, which throws
/// <see cref="NativeLibraryMissingException"/> when the library is absent. All are safe for concurrent use.
/// </summary>
internal static unsafe partial class Sodium
{
    private const string Library = "libsodium";
    private const string Package = "libsodium23";

    static Sodium() => NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, Resolve);

    // blake2b, crypto_generichash_blake2b.h

    [LibraryImport(Library)]
    internal static partial int crypto_generichash_blake2b_salt_personal(
        byte* @out, nuint outlen, byte* @in, ulong inlen, byte* key, nuint keylen, byte* salt, byte* personal);

    [LibraryImport(Library)]
    internal static partial int crypto_generichash_blake2b_init_salt_personal(
        byte* state, byte* key, nuint keylen, nuint outlen, byte* salt, byte* personal);

    [LibraryImport(Library)]
    internal static partial int crypto_generichash_blake2b_update(byte* state, byte* @in, ulong inlen);

    [LibraryImport(Library)]
    internal static partial int crypto_generichash_blake2b_final(byte* state, byte* @out, nuint outlen);

    [LibraryImport(Library)]
    internal static partial nuint crypto_generichash_blake2b_statebytes();

    // key derivation, crypto_kdf_blake2b.h

    [LibraryImport(Library)]
    internal static partial int crypto_kdf_blake2b_derive_from_key(byte* subkey, nuint subkeylen, ulong id, byte* context, byte* key);

    // XSalsa20-Poly1305, crypto_secretbox.h

    [LibraryImport(Library)]
    internal static partial int crypto_secretbox_easy(byte* box, byte* message, ulong messagelen, byte* nonce, byte* key);

    [LibraryImport(Library)]
    internal static partial int crypto_secretbox_open_easy(byte* message, byte* box, ulong boxlen, byte* nonce, byte* key);

    // Ed25519, crypto_sign_ed25519.h

    [LibraryImport(Library)]
    internal static partial int crypto_sign_ed25519_seed_keypair(byte* publicKey, byte* secretKey, byte* seed);

    [LibraryImport(Library)]
    internal static partial int crypto_sign_ed25519_detached(
        byte* signature, ulong* signaturelen, byte* message, ulong messagelen, byte* secretKey);

    [LibraryImport(Library)]
    internal static partial int crypto_sign_ed25519_verify_detached(
        byte* signature, byte* message, ulong messagelen, byte* publicKey);

    // memory and randomness, utils.h and randombytes.h

    [LibraryImport(Library)]
    internal static partial void randombytes_buf(byte* buffer, nuint size);

    [LibraryImport(Library)]
    internal static partial int sodium_memcmp(byte* left, byte* right, nuint length);

    [LibraryImport(Library)]
    internal static partial void sodium_memzero(byte* buffer, nuint length);

    [LibraryImport(Library)]
    internal static partial byte* sodium_malloc(nuint size);

    [LibraryImport(Library)]
    internal static partial void sodium_free(byte* pointer);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        nint handle = NativeLibraryLoader.Load(Library, Package, "libsodium.so.23", "libsodium.so.26");

        // Chooses the implementations for this processor and opens the random source. May be called many times.
        var init = (delegate* unmanaged<int>)NativeLibrary.GetExport(handle, "sodium_init");
        if (init() < 0) throw new InvalidOperationException("libsodium could not be initialised: sodium_init failed");
        return handle;
    }
}
