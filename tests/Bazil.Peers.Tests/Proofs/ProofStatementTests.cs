using Bazil.Core;
using Bazil.Peers.Proofs;

namespace Bazil.Peers.Tests.Proofs;

public sealed class ProofStatementTests
{
    [Fact]
    public void Every_field_and_the_role_make_another_statement()
    {
        var seen = new HashSet<string>();
        for (int field = 0; field < 9; field++)
        {
            int at = field;
            byte[] Fill(int n) => [.. Enumerable.Repeat((byte)(n == at ? 1 : 0), 32)];
            var parties = new ProofParties(new PeerId(Fill(0)), new PeerId(Fill(1)), Fill(2), Fill(3));
            byte[] statement = ProofStatement.Encode(
                field == 7 ? ProofRole.Server : ProofRole.Client, new VolumeId(field == 6 ? 1u : 0u), parties, Fill(4), Fill(5));
            Assert.Equal(ProofStatement.Size, statement.Length);
            Assert.True(seen.Add(Convert.ToHexString(statement)), $"field {field}");
        }
    }
}
