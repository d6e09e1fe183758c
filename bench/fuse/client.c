/*
 * The program that uses the file systems of the FUSE benchmark: loops over system calls, nothing else in the way.
 *
 * usage: fuse-client PHASE DIRECTORY COUNT      prints "operations seconds"
 *
 * Files are visited in an order that is shuffled, always in the same way. drop takes away what the kernel remembers of the
 * names and pages of this one mount (remounting does that) and needs root.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES 1024
#define SETTLE_NS (50 * 1000 * 1000) /* what was forgotten is on its way to the server */

static char data[FILE_BYTES];

static void check(int ok, const char *what, const char *name)
{
    if (ok) return;
    fprintf(stderr, "%s %s: %s\n", what, name, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void name_of(char *name, const char *prefix, long index) { sprintf(name, "%s%07ld", prefix, index); }

/* A permutation of 0 to count - 1. */
static long *shuffled(long count)
{
    long *order = malloc(count * sizeof *order);
    uint64_t state = 88172645463325252ull;
    for (long i = 0; i < count; i++) order[i] = i;
    for (long i = count - 1; i > 0; i--) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        long j = state % (i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    return order;
}

static void create(int directory, const char *name)
{
    int file = openat(directory, name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    check(file >= 0, "create", name);
    check(write(file, data, sizeof data) == sizeof data, "write", name);
    close(file);
}

static void open_and_read(int directory, const char *name)
{
    int file = openat(directory, name, O_RDONLY);
    check(file >= 0, "open", name);
    check(read(file, data, sizeof data) == sizeof data, "read", name);
    close(file);
}

static void stat_one(int directory, const char *name)
{
    struct stat stat;
    check(fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) == 0, "stat", name);
}

static void make_empty(int directory, const char *name) { check(mknodat(directory, name, S_IFREG | 0644, 0) == 0, "mknod", name); }

static void rename_one(int directory, const char *name)
{
    char other[64];
    sprintf(other, "r%s", name);
    check(renameat(directory, name, directory, other) == 0, "rename", name);
}

static void unlink_one(int directory, const char *name) { check(unlinkat(directory, name, 0) == 0, "unlink", name); }

static void for_each(int directory, const char *prefix, long count, void (*one)(int, const char *))
{
    long *order = shuffled(count);
    char name[64];
    for (long i = 0; i < count; i++) {
        name_of(name, prefix, order[i]);
        one(directory, name);
    }
    free(order);
}

/* Reads a directory and looks at everything below it; deletes it too, if so asked. Returns the number of entries. */
static long walk(int parent, const char *name, int deep, int delete)
{
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY);
    check(directory >= 0, "open", name);
    DIR *stream = fdopendir(directory);
    struct dirent *entry;
    long entries = 0;
    while ((entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        struct stat stat;
        if (!delete) check(fstatat(directory, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0, "stat", entry->d_name);
        else stat.st_mode = entry->d_type == DT_DIR ? S_IFDIR : S_IFREG;
        entries++;
        if (deep && S_ISDIR(stat.st_mode)) entries += walk(directory, entry->d_name, deep, delete);
        if (delete) check(unlinkat(directory, entry->d_name, S_ISDIR(stat.st_mode) ? AT_REMOVEDIR : 0) == 0, "delete", entry->d_name);
    }
    closedir(stream);
    return entries;
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 4) {
        fprintf(stderr, "usage: fuse-client PHASE DIRECTORY COUNT\n");
        return 2;
    }
    const char *phase = arguments[1], *path = arguments[2];
    long count = atol(arguments[3]);
    if (strcmp(phase, "drop") == 0) {
        check(mount(NULL, path, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, NULL) == 0, "remount", path);
        nanosleep(&(struct timespec) { .tv_nsec = SETTLE_NS }, NULL);
        return 0;
    }
    int directory = open(path, O_RDONLY | O_DIRECTORY);
    check(directory >= 0, "open", path);
    double start = now();
    if (strcmp(phase, "create") == 0) for_each(directory, "f", count, create);
    else if (strcmp(phase, "stat") == 0) for_each(directory, "f", count, stat_one);
    else if (strcmp(phase, "openread") == 0) for_each(directory, "f", count, open_and_read);
    else if (strcmp(phase, "rename") == 0) for_each(directory, "f", count, rename_one);
    else if (strcmp(phase, "unlink") == 0) for_each(directory, "rf", count, unlink_one);
    else if (strcmp(phase, "fill") == 0) for_each(directory, "f", count, make_empty);
    else if (strcmp(phase, "list") == 0) count = walk(directory, ".", 0, 0);
    else if (strcmp(phase, "walk") == 0) count = walk(directory, ".", 1, 0);
    else if (strcmp(phase, "delete") == 0) count = walk(directory, ".", 1, 1);
    else return 2;
    printf("%ld %.9f\n", count, now() - start);
    return 0;
}
