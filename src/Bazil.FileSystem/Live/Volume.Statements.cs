using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// What members vouch for, and which snapshots they keep, as a pull tells it.
public sealed partial class Volume
{
    private readonly Dictionary<PeerId, byte[]> _statementsTakenOver = []; // guarded by the gate; digests

    /// <summary>Digest of the statements of members that the last pull from a member took over; zeros when there are none.</summary>
    internal byte[] StatementsTakenOver(PeerId peer)
    {
        lock (_gate) return _statementsTakenOver.GetValueOrDefault(peer) ?? new byte[PullRequest.DigestBytes];
    }

    /// <summary>The same statements, with the lists of snapshots that are here.</summary>
    internal List<MemberStatement> WithLists(IReadOnlyList<MemberStatement> statements)
    {
        lock (_gate) return [.. statements.Select(statement => statement.WithList(_store.Tables))];
    }

    /// <summary>Digests of the lists that are needed and not here.</summary>
    internal List<byte[]> MissingLists(IReadOnlyList<MemberStatement> statements)
    {
        lock (_gate)
        {
            HashSet<PeerId> members = [.. new Transaction(_store).Members()];
            return [.. statements.Where(statement => statement.Snapshots is null && statement.Member != _store.Self && members.Contains(statement.Member)).Select(statement => statement.ListDigest)];
        }
    }

    /// <summary>What earlier versions kept of statements: nothing reads it, and members show new ones.</summary>
    private void ForgetOldStatements()
    {
        var batch = new MetadataBatch();
        foreach (Table table in (Table[])[Table.OldMemberStatement, Table.OldMemberStatementWithList])
        {
            byte[] prefix = _store.Tables.Key(new byte[MetadataKey.MaxSize], table).Bytes.ToArray();
            using IMetadataCursor cursor = _store.Tables.Reader.ScanPrefix(prefix);

            // A deleted range is a row of its own for the store: not one with each start.
            if (cursor.MoveNext()) batch.DeletePrefix(prefix);
        }

        if (batch.Count > 0) Guarded(() => _store.Commit(batch));
    }

    /// <summary>Takes over what members vouch for and which snapshots they keep, their signatures checked. True when that is anything new. Under the gate.</summary>
    private bool TakeOver(Transaction transaction, IReadOnlyList<MemberStatement> statements, HashSet<PeerId> members, PeerId peer)
    {
        bool isNew = false;
        foreach (MemberStatement statement in statements.Where(statement => statement.Snapshots is not null && statement.Member != _store.Self && members.Contains(statement.Member)))
        {
            isNew |= statement.TryPut(transaction.Batch, _store.Tables, isFirstHand: statement.Member == peer);
            Knowledge before = MemberTable.Read(_store.Tables, Table.MemberVouch, statement.Member);
            if (statement.Vouched.IsCoveredBy(before)) continue;
            transaction.SetMemberVouch(statement.Member, before.Join(statement.Vouched));
            isNew = true;
        }

        // Those of nodes that are no members here, and those whose list did not come, may count later: they are to be shown again.
        bool isWhole = statements.Count > 0 && statements.All(statement => members.Contains(statement.Member) && (statement.Snapshots is not null || statement.Member == _store.Self));
        if (isWhole) _statementsTakenOver[peer] = MemberStatement.DigestOf(statements);
        return isNew;
    }
}
