using Bazil.Cli.Output;

namespace Bazil.Cli.Tests.Output;

public sealed class HintsTests
{
    [Theory]
    [InlineData("see: bazil volume list", "see: bazil -data-dir=/d volume list")]
    [InlineData("ask it instead: bazil pubkey, bazil status", "ask it instead: bazil -data-dir=/d pubkey, bazil -data-dir=/d status")]
    [InlineData("make one with: bazil create -data-dir=/d", "make one with: bazil create -data-dir=/d")]
    [InlineData("use the same version of bazil for both", "use the same version of bazil for both")]
    [InlineData("there: bazil snapshot list v", "there: bazil snapshot list v")]
    [InlineData("run there: bazil gc; if it is gone for good: bazil volume list", "run there: bazil gc; if it is gone for good: bazil -data-dir=/d volume list")]
    [InlineData("on white, bazil sharing export K FILE; here, bazil sharing add K <FILE", "on white, bazil sharing export K FILE; here, bazil -data-dir=/d sharing add K <FILE")]
    public void Commands_for_this_machine_name_the_data_directory(string text, string expected) =>
        Assert.Equal(expected, new Hints("/d", ["volume", "pubkey", "status", "create", "snapshot", "gc", "sharing"]).In(text));

    [Theory]
    [InlineData("/a b/c", "bazil '-data-dir=/a b/c' status")]
    [InlineData("it's", @"bazil '-data-dir=it'\''s' status")]
    public void A_directory_is_written_as_a_shell_reads_it(string directory, string expected) => Assert.Equal(expected, new Hints(directory, ["status"]).In("bazil status"));

    [Fact]
    public async Task A_message_names_the_data_directory_that_was_given()
    {
        var run = await TestEnvironment.RunAsync(["conflict", "show", "-volume=v", "x", "-data-dir=/nowhere"]);

        Assert.Equal(ExitCode.Error, run.Code);
        Assert.Contains("bazil create -data-dir=/nowhere", run.Error);
    }
}
