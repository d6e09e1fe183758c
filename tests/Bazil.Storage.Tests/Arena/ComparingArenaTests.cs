using Bazil.Storage.Arena;

namespace Bazil.Storage.Tests.Arena;

public sealed class ComparingArenaTests() : ArenaStoreContract(ArenaTrust.Compare);
