import os
import stat
import struct
from errno import *
from case import *

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
OWNER, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
ANYONE = 2 ** 32 - 1


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, perm, ident[0] if ident else ANYONE) for tag, perm, *ident in entries)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def Access_list_gives_a_named_user_what_the_mode_does_not(d):
    write(f"{d}/f", b"secret", mode=0o600)
    def denied():
        with fails(EACCES):
            read(f"{d}/f")
    as_user(1234, denied)
    os.setxattr(f"{d}/f", ACCESS, acl((OWNER, 6), (USER, 4, 1234), (GROUP_OBJ, 0), (MASK, 4), (OTHER, 0)))
    same(mode(f"{d}/f"), 0o640, "the mask shows as the group's bits")
    as_user(1234, lambda: same(read(f"{d}/f"), b"secret"))
    def other():
        with fails(EACCES):
            read(f"{d}/f")
        with fails(EACCES):
            os.open(f"{d}/f", os.O_WRONLY)
    as_user(1235, other)
    os.removexattr(f"{d}/f", ACCESS)
    as_user(1234, denied)
    same(mode(f"{d}/f"), 0o640)


def Chmod_changes_the_list_and_the_list_the_mode(d):
    write(f"{d}/f", b"x")
    os.setxattr(f"{d}/f", ACCESS, acl((OWNER, 7), (USER, 7, 1), (GROUP_OBJ, 5), (MASK, 7), (OTHER, 1)))
    same(mode(f"{d}/f"), 0o771)
    os.chmod(f"{d}/f", 0o640)
    same(os.getxattr(f"{d}/f", ACCESS), acl((OWNER, 6), (USER, 7, 1), (GROUP_OBJ, 5), (MASK, 4), (OTHER, 0)))
    same(ACCESS in os.listxattr(f"{d}/f"), True)
    os.setxattr(f"{d}/f", ACCESS, acl((OWNER, 6), (GROUP_OBJ, 4), (OTHER, 4)))
    same(mode(f"{d}/f"), 0o644)
    same(os.listxattr(f"{d}/f"), [], "a list that only repeats the mode is not kept")
    with fails(ENODATA):
        os.getxattr(f"{d}/f", ACCESS)


def Default_list_is_handed_on_and_replaces_the_umask(d):
    handed = acl((OWNER, 7), (USER, 7, 1), (GROUP_OBJ, 5), (MASK, 7), (OTHER, 5))
    os.mkdir(f"{d}/p")
    os.setxattr(f"{d}/p", DEFAULT, handed)
    os.umask(0o077)
    write(f"{d}/p/f", b"", mode=0o666)
    same(mode(f"{d}/p/f"), 0o664)
    same(os.getxattr(f"{d}/p/f", ACCESS), acl((OWNER, 6), (USER, 7, 1), (GROUP_OBJ, 5), (MASK, 6), (OTHER, 4)))
    with fails(ENODATA):
        os.getxattr(f"{d}/p/f", DEFAULT)
    os.mkdir(f"{d}/p/d", 0o777)
    same(mode(f"{d}/p/d"), 0o775)
    same(os.getxattr(f"{d}/p/d", DEFAULT), handed)
    os.symlink("f", f"{d}/p/l")
    same(mode(f"{d}/p/l"), 0o777)
    os.mkfifo(f"{d}/p/fifo", 0o600)
    same(mode(f"{d}/p/fifo"), 0o600)
    os.setxattr(f"{d}/p", DEFAULT, acl((OWNER, 7), (GROUP_OBJ, 5), (OTHER, 0)))
    write(f"{d}/p/g", b"", mode=0o666)
    same(mode(f"{d}/p/g"), 0o640)
    same(os.listxattr(f"{d}/p/g"), [])
    write(f"{d}/plain", b"", mode=0o666)
    same(mode(f"{d}/plain"), 0o600, "without a default list the umask counts")
    os.mkdir(f"{d}/plaindir", 0o777)
    same(mode(f"{d}/plaindir"), 0o700)


def Lists_that_make_no_sense_are_refused(d):
    write(f"{d}/f", b"")
    for value in (b"", b"x", struct.pack("<I", 2), acl((OWNER, 6), (USER, 7, 1), (GROUP_OBJ, 5), (OTHER, 0)), acl((OTHER, 6), (GROUP_OBJ, 5), (OWNER, 0)),
                  acl((OWNER, 9), (GROUP_OBJ, 5), (OTHER, 0)), acl((OWNER, 6), (GROUP_OBJ, 5))):
        try:
            os.setxattr(f"{d}/f", ACCESS, value)
        except OSError as e:
            same(e.errno, EINVAL, value)
        else:
            same(mode(f"{d}/f") & 0o700, 0o600, value)
    with fails(EACCES):
        os.setxattr(f"{d}/f", DEFAULT, acl((OWNER, 6), (GROUP_OBJ, 5), (OTHER, 0)))


def Setting_a_list_takes_setgid_when_the_setter_is_not_of_the_group(d):
    write(f"{d}/f", b"")
    os.chown(f"{d}/f", 1234, 55)
    os.chmod(f"{d}/f", 0o2775)
    as_user(1234, lambda: os.setxattr(f"{d}/f", ACCESS, acl((OWNER, 7), (USER, 7, 1), (GROUP_OBJ, 7), (MASK, 7), (OTHER, 5))))
    same(mode(f"{d}/f"), 0o775)


def Copy_with_attributes_keeps_lists(d):
    write(f"{d}/f", b"x")
    value = acl((OWNER, 6), (USER, 6, 1), (GROUP_OBJ, 4), (MASK, 6), (OTHER, 0))
    os.setxattr(f"{d}/f", ACCESS, value)
    run("cp", "-a", f"{d}/f", f"{d}/g")
    same(os.getxattr(f"{d}/g", ACCESS), value)
    same(mode(f"{d}/g"), 0o660)
