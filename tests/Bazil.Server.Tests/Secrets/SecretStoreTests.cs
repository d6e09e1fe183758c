using System.Text;
using Bazil.Remotes.S3;
using Bazil.Server.DataDirectories;
using Bazil.Server.Secrets;
using Bazil.Testing;

namespace Bazil.Server.Tests.Secrets;

public sealed class SecretStoreTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task Secret_that_many_set_at_once_is_one_of_theirs_as_a_whole()
    {
        Directory.CreateDirectory(_root["data"]);
        var secrets = new SecretStore(new DataDirectory(_root["data"]));
        await Task.WhenAll(Enumerable.Range(0, 16).Select(index => Task.Run(() =>
        {
            for (int time = 0; time < 5; time++) secrets.Set("nas", Encoding.ASCII.GetBytes($"key{index}\nsecret{index}{new string('x', index * 100)}\n"));
        })));
        S3Key key = secrets.Read("nas");
        int winner = int.Parse(key.Id[3..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal($"secret{winner}{new string('x', winner * 100)}", key.Secret);
        Assert.Equal(["nas"], Directory.EnumerateFiles(_root["data"], "*", SearchOption.AllDirectories).Select(Path.GetFileName));
    }

    [Fact]
    public void Secret_that_is_removed_leaves_nothing_behind_also_of_one_who_died_while_setting_it()
    {
        Directory.CreateDirectory(_root["data"]);
        var directory = new DataDirectory(_root["data"]);
        var secrets = new SecretStore(directory);
        secrets.Set("nas", "key\nsecret\n"u8);
        File.WriteAllText(Path.Combine(directory.Secrets, "nas~"), "key\nanother\n");
        secrets.Remove("nas");
        Assert.Empty(Directory.EnumerateFiles(directory.Secrets));
    }
}
