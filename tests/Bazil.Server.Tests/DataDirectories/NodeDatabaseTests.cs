using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Testing;

namespace Bazil.Server.Tests.DataDirectories;

public sealed class NodeDatabaseTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly DataDirectory _directory;

    public NodeDatabaseTests() => _directory = new DataDirectory(_root["data"]);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Creating_again_keeps_the_key()
    {
        NodeDatabase.Create(_directory);
        string key = ReadKey();

        NodeDatabase.Create(_directory);

        Assert.Equal(key, ReadKey());
    }

    [Fact]
    public void Data_directory_is_closed_to_others_whatever_it_was_before()
    {
        Directory.CreateDirectory(_directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

        NodeDatabase.Create(_directory);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory.Path));
    }

    [Fact]
    public void Only_one_has_it_open()
    {
        NodeDatabase.Create(_directory);
        using (NodeDatabase.Open(_directory))
        {
            var e = Assert.Throws<CommandFailedException>(() => NodeDatabase.Open(_directory));
            Assert.Equal($"another server is already running (pid {Environment.ProcessId})", e.Message);
            NodeDatabase.Create(_directory);
        }

        using NodeDatabase again = NodeDatabase.Open(_directory);
    }

    [Fact]
    public void Missing_and_empty_directories_say_how_to_make_a_node()
    {
        Assert.Equal($"make one with: bazil create -data-dir={_directory.Path}", Assert.Throws<CommandFailedException>(() => NodeDatabase.Open(_directory)).NextStep);
        _directory.Create();
        Assert.Equal("make a node in it with: bazil create", Assert.Throws<CommandFailedException>(() => NodeDatabase.Open(_directory)).NextStep);
    }

    [Fact]
    public void Path_that_leaves_no_room_for_the_socket_is_refused()
    {
        var e = Assert.Throws<CommandFailedException>(() => new DataDirectory("/" + new string('x', 100)));

        Assert.Contains("109 bytes, the kernel allows 107", e.Message);
    }

    private string ReadKey()
    {
        using NodeDatabase database = NodeDatabase.Open(_directory);
        return database.ReadPublicKey().ToString();
    }
}
