using Bazil.Testing;

namespace Bazil.Unix.Tests;

public sealed class LockFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Second_lock_is_refused_and_learns_the_holder()
    {
        using LockFile? first = LockFile.TryAcquire(_directory["lock"], out _);
        Assert.NotNull(first);
        Assert.Null(LockFile.TryAcquire(_directory["lock"], out int holder));
        Assert.Equal(Environment.ProcessId, holder);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["lock"]));
    }

    [Fact]
    public void Released_lock_is_free_again()
    {
        LockFile.TryAcquire(_directory["lock"], out _)!.Dispose();
        using LockFile? second = LockFile.TryAcquire(_directory["lock"], out _);
        Assert.NotNull(second);
    }

    [Fact]
    public void Number_left_by_a_dead_holder_is_replaced()
    {
        File.WriteAllText(_directory["lock"], "4194303999\nrubbish that is longer");
        using LockFile? taken = LockFile.TryAcquire(_directory["lock"], out _);
        Assert.Null(LockFile.TryAcquire(_directory["lock"], out int holder));
        Assert.Equal(Environment.ProcessId, holder);
    }

    [Fact]
    public void Missing_directory_is_an_error_not_a_held_lock()
    {
        Assert.Equal(Errno.ENOENT, Assert.Throws<UnixException>(() => LockFile.TryAcquire(_directory["no/lock"], out _)).Error);
    }
}
