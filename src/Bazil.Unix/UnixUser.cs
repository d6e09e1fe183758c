namespace Bazil.Unix;

/// <summary>Who this process runs as, and the mask of its new files.</summary>
public static class UnixUser
{
    public static uint UserId => Libc.Getuid();

    public static uint EffectiveUserId => Libc.Geteuid();

    public static uint GroupId => Libc.Getgid();

    public static uint EffectiveGroupId => Libc.Getegid();

    /// <summary>Sets the umask of the whole process and returns the previous one. For the start of a program, before threads create files.</summary>
    public static uint SetUmask(uint mask) => Libc.Umask(mask);
}
