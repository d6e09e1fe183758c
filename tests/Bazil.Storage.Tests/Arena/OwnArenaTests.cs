using Bazil.Storage.Arena;

namespace Bazil.Storage.Tests.Arena;

public sealed class OwnArenaTests() : ArenaStoreContract(ArenaTrust.Own);
