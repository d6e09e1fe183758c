/*
 * The C twin of examples/MemoryFileSystem, on libfuse's low-level API: the baseline of the FUSE benchmark.
 *
 * What it shares with it, so that only language and library differ: names valid for a year, one lock for the tree and one for
 * each inode, directories as a hash table and a list in the order of creation, content in chunks of 256 KiB of which the first
 * grows by doubling and the others come from a pool on huge pages that keeps a sixteenth of the capacity, no memory cleared that is
 * written anyway, reads answered from where the data lies, READDIRPLUS, cached directories, extended attributes that exist,
 * FLUSH and FSYNC answered ENOSYS once, two threads on cloned descriptors, requests of up to 1 MiB.
 * What it does as C programmers do: a node id is the address of its inode.
 *
 * usage: memfs_ll -f -o clone_fd,max_threads=2,default_permissions MOUNTPOINT
 */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#define _GNU_SOURCE
#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define FOREVER (365.0 * 24 * 3600)
#define CHUNK_BYTES (256 * 1024)
#define SMALLEST_CHUNK_BYTES 4096
#define MAX_FILE_BYTES (1LL << 40)
#define CAPACITY_BYTES (4LL << 30)
#define MOST_WARM (CAPACITY_BYTES / 16 / CHUNK_BYTES)
#define HUGE_PAGE_BYTES (2 << 20)
#define SLAB_BYTES (8 * HUGE_PAGE_BYTES)
#define FIRST_OFFSET 3

struct inode;

struct chunk {
    _Atomic int references;
    int length;
    int filled; /* the bytes set; those after them count as zeros */
    char *bytes;
};

/* Free chunks, each of which starts with the address of the next. */
struct free_chunk {
    struct free_chunk *next;
};

struct entry {
    struct entry *next; /* in the bucket */
    struct inode *inode;
    off_t offset;
    uint32_t hash;
    bool removed;
    unsigned char length;
    char name[];
};

struct directory {
    struct inode *parent;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    struct entry **by_offset; /* ascending; removed entries stay until they are half of it */
    size_t listed, room;
    off_t next_offset;
};

struct xattr {
    struct xattr *next;
    size_t size;
    char *value;
    char name[];
};

struct inode {
    pthread_mutex_t lock; /* of all but what is the tree's; taken after the tree's */
    struct stat stat;     /* st_nlink: of both locks */
    struct directory *directory; /* the tree's */
    char *target;
    struct chunk **chunks;
    size_t chunk_count;
    struct xattr *xattrs;
    uint64_t lookups; /* the tree's */
};

static pthread_mutex_t tree = PTHREAD_MUTEX_INITIALIZER;
static struct inode *root;
static ino_t last_number = FUSE_ROOT_ID;
static _Atomic long long used_bytes;
static _Atomic long long inode_count;

static struct inode *inode_of(fuse_ino_t node) { return node == FUSE_ROOT_ID ? root : (struct inode *)node; }
static fuse_ino_t node_of(struct inode *inode) { return inode == root ? FUSE_ROOT_ID : (fuse_ino_t)inode; }

static struct timespec now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time;
}

/* ---- content ---- */

static pthread_mutex_t pool = PTHREAD_MUTEX_INITIALIZER;
static struct free_chunk *warm; /* in memory */
static long warm_count;
static char **cold; /* only addresses; a stack */
static size_t cold_count, cold_room;

static void push_cold(char *chunk)
{
    if (cold_count == cold_room) {
        cold_room = cold_room ? cold_room * 2 : SLAB_BYTES / CHUNK_BYTES;
        cold = realloc(cold, cold_room * sizeof *cold);
    }
    cold[cold_count++] = chunk;
}

static char *take_chunk(void)
{
    char *chunk;
    pthread_mutex_lock(&pool);
    if (warm) {
        chunk = (char *)warm;
        warm = warm->next;
        warm_count--;
    } else {
        if (cold_count == 0) {
            char *slab = aligned_alloc(HUGE_PAGE_BYTES, SLAB_BYTES);
            madvise(slab, SLAB_BYTES, MADV_HUGEPAGE);
            for (int offset = SLAB_BYTES - CHUNK_BYTES; offset >= 0; offset -= CHUNK_BYTES) push_cold(slab + offset);
        }
        chunk = cold[--cold_count];
    }
    pthread_mutex_unlock(&pool);
    return chunk;
}

static void give_back_chunk(char *chunk)
{
    pthread_mutex_lock(&pool);
    if (warm_count < MOST_WARM) {
        struct free_chunk *freed = (struct free_chunk *)chunk;
        freed->next = warm;
        warm = freed;
        warm_count++;
    } else {
        madvise(chunk, CHUNK_BYTES, MADV_DONTNEED);
        push_cold(chunk);
    }
    pthread_mutex_unlock(&pool);
}

static void release(struct chunk *chunk)
{
    if (--chunk->references > 0) return;
    if (chunk->length == CHUNK_BYTES) give_back_chunk(chunk->bytes);
    else free(chunk->bytes);
    free(chunk);
}

static void fill(struct chunk *chunk, int start, const char *data, int count)
{
    if (start > chunk->filled) memset(chunk->bytes + chunk->filled, 0, start - chunk->filled);
    memcpy(chunk->bytes + start, data, count);
    if (start + count > chunk->filled) chunk->filled = start + count;
}

static struct chunk *chunk_at(struct inode *inode, size_t index) { return index < inode->chunk_count ? inode->chunks[index] : NULL; }

static void free_chunk(struct inode *inode, size_t index)
{
    struct chunk *chunk = inode->chunks[index];
    if (!chunk) return;
    inode->chunks[index] = NULL;
    inode->stat.st_blocks -= chunk->length / 512;
    used_bytes -= chunk->length;
    release(chunk);
}

static struct chunk *allocate(struct inode *inode, size_t index, int needed)
{
    struct chunk *old = chunk_at(inode, index);
    if (old && old->length >= needed) return old;
    int size = CHUNK_BYTES;
    if (index == 0)
        for (size = SMALLEST_CHUNK_BYTES; size < needed;) size *= 2;
    if ((used_bytes += size) > CAPACITY_BYTES) {
        used_bytes -= size;
        return NULL;
    }
    struct chunk *chunk = malloc(sizeof *chunk);
    chunk->references = 1;
    chunk->length = size;
    chunk->filled = 0;
    chunk->bytes = size == CHUNK_BYTES ? take_chunk() : malloc(size);
    inode->stat.st_blocks += size / 512;
    if (old) {
        fill(chunk, 0, old->bytes, old->filled);
        free_chunk(inode, index);
    }
    if (index >= inode->chunk_count) {
        size_t count = index + 1 > 2 * inode->chunk_count ? index + 1 : 2 * inode->chunk_count;
        inode->chunks = realloc(inode->chunks, count * sizeof *inode->chunks);
        memset(inode->chunks + inode->chunk_count, 0, (count - inode->chunk_count) * sizeof *inode->chunks);
        inode->chunk_count = count;
    }
    return inode->chunks[index] = chunk;
}

static void zero(struct inode *inode, off_t offset, off_t count)
{
    while (count > 0) {
        size_t index = offset / CHUNK_BYTES, start = offset % CHUNK_BYTES;
        if (index >= inode->chunk_count) return;
        off_t step = count < (off_t)(CHUNK_BYTES - start) ? count : (off_t)(CHUNK_BYTES - start);
        struct chunk *chunk = inode->chunks[index];
        if (chunk) {
            if (start == 0 && step >= chunk->length) free_chunk(inode, index);
            else if ((int)(start + step) >= chunk->filled) chunk->filled = (int)start < chunk->filled ? (int)start : chunk->filled;
            else memset(chunk->bytes + start, 0, step);
        }
        offset += step;
        count -= step;
    }
}

/* ---- directories and inodes; with the tree's lock held ---- */

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static struct entry *find(struct directory *directory, const char *name)
{
    uint32_t hash = hash_of(name);
    struct entry *entry = directory->buckets[hash & (directory->bucket_count - 1)];
    while (entry && (entry->hash != hash || strcmp(entry->name, name) != 0)) entry = entry->next;
    return entry;
}

static void grow(struct directory *directory)
{
    size_t count = directory->bucket_count * 2;
    struct entry **buckets = calloc(count, sizeof *buckets);
    for (size_t i = 0; i < directory->bucket_count; i++) {
        for (struct entry *entry = directory->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            entry->next = buckets[entry->hash & (count - 1)];
            buckets[entry->hash & (count - 1)] = entry;
        }
    }
    free(directory->buckets);
    directory->buckets = buckets;
    directory->bucket_count = count;
}

static void add(struct directory *directory, const char *name, struct inode *inode)
{
    size_t length = strlen(name);
    struct entry *entry = malloc(sizeof *entry + length + 1);
    memcpy(entry->name, name, length + 1);
    entry->length = length;
    entry->inode = inode;
    entry->removed = false;
    entry->offset = directory->next_offset++;
    entry->hash = hash_of(name);
    if (directory->count == directory->bucket_count) grow(directory);
    struct entry **bucket = &directory->buckets[entry->hash & (directory->bucket_count - 1)];
    entry->next = *bucket;
    *bucket = entry;
    directory->count++;
    if (directory->listed == directory->room) {
        directory->room = directory->room ? directory->room * 2 : 4;
        directory->by_offset = realloc(directory->by_offset, directory->room * sizeof *directory->by_offset);
    }
    directory->by_offset[directory->listed++] = entry;
}

static void take_out(struct directory *directory, struct entry *entry)
{
    struct entry **link = &directory->buckets[entry->hash & (directory->bucket_count - 1)];
    while (*link != entry) link = &(*link)->next;
    *link = entry->next;
    directory->count--;
    entry->removed = true;
    if (directory->listed <= 2 * directory->count) return;
    size_t kept = 0;
    for (size_t i = 0; i < directory->listed; i++) {
        if (directory->by_offset[i]->removed) free(directory->by_offset[i]);
        else directory->by_offset[kept++] = directory->by_offset[i];
    }
    directory->listed = kept;
}

static size_t index_after(struct directory *directory, off_t offset)
{
    size_t low = 0, high = directory->listed;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (directory->by_offset[middle]->offset <= offset) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct inode *make_inode(mode_t mode, uid_t user, gid_t group, dev_t device, struct inode *parent)
{
    struct inode *inode = calloc(1, sizeof *inode);
    pthread_mutex_init(&inode->lock, NULL);
    inode->stat.st_ino = parent ? ++last_number : FUSE_ROOT_ID;
    inode->stat.st_mode = mode;
    inode->stat.st_uid = user;
    inode->stat.st_gid = group;
    inode->stat.st_rdev = device;
    inode->stat.st_blksize = 4096;
    inode->stat.st_nlink = S_ISDIR(mode) ? 2 : 1;
    inode->stat.st_atim = inode->stat.st_mtim = inode->stat.st_ctim = now();
    if (S_ISDIR(mode)) {
        struct directory *directory = inode->directory = calloc(1, sizeof *directory);
        directory->parent = parent;
        directory->bucket_count = 4;
        directory->buckets = calloc(directory->bucket_count, sizeof *directory->buckets);
        directory->next_offset = FIRST_OFFSET;
    }
    inode_count++;
    return inode;
}

static void drop_if_unused(struct inode *inode)
{
    if (inode->stat.st_nlink > 0 || inode->lookups > 0 || inode == root) return;
    for (size_t i = 0; i < inode->chunk_count; i++) free_chunk(inode, i);
    free(inode->chunks);
    free(inode->target);
    for (struct xattr *xattr = inode->xattrs, *next; xattr; xattr = next) {
        next = xattr->next;
        free(xattr->value);
        free(xattr);
    }
    if (inode->directory) {
        for (size_t i = 0; i < inode->directory->listed; i++) free(inode->directory->by_offset[i]);
        free(inode->directory->by_offset);
        free(inode->directory->buckets);
        free(inode->directory);
    }
    pthread_mutex_destroy(&inode->lock);
    free(inode);
    inode_count--;
}

static struct stat attributes(struct inode *inode)
{
    pthread_mutex_lock(&inode->lock);
    struct stat stat = inode->stat;
    pthread_mutex_unlock(&inode->lock);
    if (inode->directory) stat.st_size = inode->directory->count;
    return stat;
}

static struct fuse_entry_param looked_up(struct inode *inode)
{
    inode->lookups++;
    return (struct fuse_entry_param) {
        .ino = node_of(inode), .attr = attributes(inode), .attr_timeout = FOREVER, .entry_timeout = FOREVER,
    };
}

static void set_links(struct inode *inode, nlink_t links, struct timespec time)
{
    pthread_mutex_lock(&inode->lock);
    inode->stat.st_nlink = links;
    inode->stat.st_ctim = time;
    pthread_mutex_unlock(&inode->lock);
}

static void changed(struct inode *directory, struct timespec time)
{
    pthread_mutex_lock(&directory->lock);
    directory->stat.st_mtim = directory->stat.st_ctim = time;
    pthread_mutex_unlock(&directory->lock);
}

static void remove_entry(struct inode *parent, struct entry *entry, struct timespec time)
{
    struct inode *inode = entry->inode;
    bool is_directory = inode->directory != NULL;
    take_out(parent->directory, entry);
    set_links(inode, is_directory ? 0 : inode->stat.st_nlink - 1, time);
    if (is_directory) set_links(parent, parent->stat.st_nlink - 1, time);
    changed(parent, time);
    drop_if_unused(inode);
}

/* With the tree's lock held; 0 or an error. */
static int make(fuse_req_t request, fuse_ino_t node, const char *name, mode_t mode, dev_t device, struct inode **made)
{
    struct inode *parent = inode_of(node);
    if (!parent->directory) return ENOTDIR;
    if (parent->stat.st_nlink == 0) return ENOENT;
    if (strlen(name) > 255) return ENAMETOOLONG;
    if (find(parent->directory, name)) return EEXIST;
    const struct fuse_ctx *caller = fuse_req_ctx(request);
    bool inherits = parent->stat.st_mode & S_ISGID;
    if (inherits && S_ISDIR(mode)) mode |= S_ISGID;
    struct inode *inode = *made = make_inode(mode, caller->uid, inherits ? parent->stat.st_gid : caller->gid, device, parent);
    add(parent->directory, name, inode);
    if (S_ISDIR(mode)) set_links(parent, parent->stat.st_nlink + 1, inode->stat.st_ctim);
    changed(parent, inode->stat.st_ctim);
    return 0;
}

/* ---- operations ---- */

static void memfs_init(void *data, struct fuse_conn_info *connection)
{
    (void)data;
    /* As its twin asks for: no O_TRUNC in OPEN. */
    connection->want &= ~FUSE_CAP_ATOMIC_O_TRUNC;
    connection->max_background = 64;
}

static void memfs_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param answer = { .entry_timeout = FOREVER };
    pthread_mutex_lock(&tree);
    struct directory *directory = inode_of(parent)->directory;
    struct entry *entry = directory ? find(directory, name) : NULL;
    if (entry) answer = looked_up(entry->inode);
    pthread_mutex_unlock(&tree);
    fuse_reply_entry(request, &answer);
}

static void forget_one(fuse_ino_t node, uint64_t count)
{
    struct inode *inode = inode_of(node);
    inode->lookups -= count < inode->lookups ? count : inode->lookups;
    drop_if_unused(inode);
}

static void memfs_forget(fuse_req_t request, fuse_ino_t node, uint64_t count)
{
    pthread_mutex_lock(&tree);
    forget_one(node, count);
    pthread_mutex_unlock(&tree);
    fuse_reply_none(request);
}

static void memfs_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++) {
        pthread_mutex_lock(&tree);
        forget_one(forgets[i].ino, forgets[i].nlookup);
        pthread_mutex_unlock(&tree);
    }
    fuse_reply_none(request);
}

static void memfs_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)file;
    struct stat stat = attributes(inode_of(node));
    fuse_reply_attr(request, &stat, FOREVER);
}

static void memfs_setattr(fuse_req_t request, fuse_ino_t node, struct stat *wanted, int fields, struct fuse_file_info *file)
{
    (void)file;
    struct inode *inode = inode_of(node);
    struct timespec time = now();
    pthread_mutex_lock(&inode->lock);
    struct stat *stat = &inode->stat;
    if (fields & FUSE_SET_ATTR_SIZE) {
        if (wanted->st_size > MAX_FILE_BYTES || !S_ISREG(stat->st_mode)) {
            pthread_mutex_unlock(&inode->lock);
            fuse_reply_err(request, S_ISREG(stat->st_mode) ? EFBIG : EINVAL);
            return;
        }
        if (wanted->st_size < stat->st_size) zero(inode, wanted->st_size, stat->st_size - wanted->st_size);
        stat->st_size = wanted->st_size;
        stat->st_mtim = time;
    }
    if (fields & FUSE_SET_ATTR_MODE) stat->st_mode = (stat->st_mode & S_IFMT) | (wanted->st_mode & 07777);
    if (fields & FUSE_SET_ATTR_UID) stat->st_uid = wanted->st_uid;
    if (fields & FUSE_SET_ATTR_GID) stat->st_gid = wanted->st_gid;
    if (fields & FUSE_SET_ATTR_ATIME) stat->st_atim = fields & FUSE_SET_ATTR_ATIME_NOW ? time : wanted->st_atim;
    if (fields & FUSE_SET_ATTR_MTIME) stat->st_mtim = fields & FUSE_SET_ATTR_MTIME_NOW ? time : wanted->st_mtim;
    stat->st_ctim = fields & FUSE_SET_ATTR_CTIME ? wanted->st_ctim : time;
    pthread_mutex_unlock(&inode->lock);
    struct stat answer = attributes(inode);
    fuse_reply_attr(request, &answer, FOREVER);
}

static void make_and_reply(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device, const char *target)
{
    struct fuse_entry_param answer;
    struct inode *inode;
    pthread_mutex_lock(&tree);
    int error = make(request, parent, name, mode, device, &inode);
    if (!error && target) {
        inode->target = strdup(target);
        inode->stat.st_size = strlen(target);
    }
    if (!error) answer = looked_up(inode);
    pthread_mutex_unlock(&tree);
    if (error) fuse_reply_err(request, error);
    else fuse_reply_entry(request, &answer);
}

static void memfs_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
    make_and_reply(request, parent, name, mode, device, NULL);
}

static void memfs_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    make_and_reply(request, parent, name, S_IFDIR | (mode & 07777), 0, NULL);
}

static void memfs_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name)
{
    make_and_reply(request, parent, name, S_IFLNK | 0777, 0, target);
}

static void memfs_readlink(fuse_req_t request, fuse_ino_t node)
{
    struct inode *inode = inode_of(node);
    if (inode->target) fuse_reply_readlink(request, inode->target);
    else fuse_reply_err(request, EINVAL);
}

static void memfs_link(fuse_req_t request, fuse_ino_t node, fuse_ino_t parent, const char *name)
{
    struct inode *inode = inode_of(node), *target = inode_of(parent);
    struct fuse_entry_param answer;
    int error = 0;
    pthread_mutex_lock(&tree);
    if (inode->directory) error = EPERM;
    else if (find(target->directory, name)) error = EEXIST;
    else {
        struct timespec time = now();
        add(target->directory, name, inode);
        set_links(inode, inode->stat.st_nlink + 1, time);
        changed(target, time);
        answer = looked_up(inode);
    }
    pthread_mutex_unlock(&tree);
    if (error) fuse_reply_err(request, error);
    else fuse_reply_entry(request, &answer);
}

static void memfs_unlink(fuse_req_t request, fuse_ino_t node, const char *name)
{
    struct inode *parent = inode_of(node);
    pthread_mutex_lock(&tree);
    struct entry *entry = find(parent->directory, name);
    int error = !entry ? ENOENT : entry->inode->directory ? EISDIR : 0;
    if (!error) remove_entry(parent, entry, now());
    pthread_mutex_unlock(&tree);
    fuse_reply_err(request, error);
}

static void memfs_rmdir(fuse_req_t request, fuse_ino_t node, const char *name)
{
    struct inode *parent = inode_of(node);
    pthread_mutex_lock(&tree);
    struct entry *entry = find(parent->directory, name);
    int error = !entry ? ENOENT : !entry->inode->directory ? ENOTDIR : entry->inode->directory->count ? ENOTEMPTY : 0;
    if (!error) remove_entry(parent, entry, now());
    pthread_mutex_unlock(&tree);
    fuse_reply_err(request, error);
}

static void reparent(struct inode *moved, struct inode *from, struct inode *to, struct timespec time)
{
    pthread_mutex_lock(&moved->lock);
    moved->stat.st_ctim = time;
    pthread_mutex_unlock(&moved->lock);
    if (!moved->directory || from == to) return;
    moved->directory->parent = to;
    set_links(from, from->stat.st_nlink - 1, time);
    set_links(to, to->stat.st_nlink + 1, time);
}

static int move(struct inode *from, struct entry *source, struct inode *to, struct entry *target, const char *new_name)
{
    struct inode *moved = source->inode;
    struct timespec time = now();
    if (target) {
        if (target->inode == moved) return 0;
        if (moved->directory && !target->inode->directory) return ENOTDIR;
        if (!moved->directory && target->inode->directory) return EISDIR;
        if (target->inode->directory && target->inode->directory->count) return ENOTEMPTY;
        remove_entry(to, target, time);
    }
    take_out(from->directory, source);
    add(to->directory, new_name, moved);
    reparent(moved, from, to, time);
    changed(from, time);
    changed(to, time);
    return 0;
}

static void memfs_rename(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
    struct inode *from = inode_of(parent), *to = inode_of(new_parent);
    pthread_mutex_lock(&tree);
    struct entry *source = find(from->directory, name), *target = find(to->directory, new_name);
    int error = 0;
    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) error = EINVAL;
    else if (!source) error = ENOENT;
    else if (flags == RENAME_NOREPLACE && target) error = EEXIST;
    else if (flags == RENAME_EXCHANGE && !target) error = ENOENT;
    else if (flags == RENAME_EXCHANGE) {
        struct timespec time = now();
        struct inode *inode = source->inode;
        source->inode = target->inode;
        target->inode = inode;
        reparent(target->inode, from, to, time);
        reparent(source->inode, to, from, time);
        changed(from, time);
        changed(to, time);
    } else error = move(from, source, to, target, new_name);
    pthread_mutex_unlock(&tree);
    fuse_reply_err(request, error);
}

static void memfs_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    file->keep_cache = 1;
    fuse_reply_open(request, file);
}

static void memfs_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file)
{
    struct fuse_entry_param answer;
    struct inode *inode;
    pthread_mutex_lock(&tree);
    int error = make(request, parent, name, S_IFREG | (mode & 07777), 0, &inode);
    if (!error) answer = looked_up(inode);
    pthread_mutex_unlock(&tree);
    file->keep_cache = 1;
    if (error) fuse_reply_err(request, error);
    else fuse_reply_create(request, &answer, file);
}

static void memfs_read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)file;
    struct inode *inode = inode_of(node);
    pthread_mutex_lock(&inode->lock);
    off_t length = inode->stat.st_size;
    size_t count = offset >= length ? 0 : (off_t)size < length - offset ? size : (size_t)(length - offset);
    size_t index = offset / CHUNK_BYTES, start = offset % CHUNK_BYTES;
    struct chunk *chunk = chunk_at(inode, index);
    if (count && chunk && start + count <= (size_t)chunk->filled) {
        chunk->references++;
        pthread_mutex_unlock(&inode->lock);
        fuse_reply_buf(request, chunk->bytes + start, count);
        release(chunk);
        return;
    }
    char *buffer = malloc(count ? count : 1);
    for (size_t done = 0; done < count;) {
        index = (offset + done) / CHUNK_BYTES;
        start = (offset + done) % CHUNK_BYTES;
        size_t step = count - done < CHUNK_BYTES - start ? count - done : CHUNK_BYTES - start, present = 0;
        chunk = chunk_at(inode, index);
        if (chunk && start < (size_t)chunk->filled) present = step < chunk->filled - start ? step : chunk->filled - start;
        if (present) memcpy(buffer + done, chunk->bytes + start, present);
        memset(buffer + done + present, 0, step - present);
        done += step;
    }
    pthread_mutex_unlock(&inode->lock);
    fuse_reply_buf(request, buffer, count);
    free(buffer);
}

static void memfs_write(fuse_req_t request, fuse_ino_t node, const char *data, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)file;
    struct inode *inode = inode_of(node);
    int error = offset > MAX_FILE_BYTES - (off_t)size ? EFBIG : 0;
    pthread_mutex_lock(&inode->lock);
    for (size_t done = 0; done < size && !error;) {
        size_t index = (offset + done) / CHUNK_BYTES, start = (offset + done) % CHUNK_BYTES;
        size_t step = size - done < CHUNK_BYTES - start ? size - done : CHUNK_BYTES - start;
        struct chunk *chunk = allocate(inode, index, start + step);
        if (!chunk) {
            error = ENOSPC;
            break;
        }
        fill(chunk, start, data + done, step);
        done += step;
        if (offset + (off_t)done > inode->stat.st_size) inode->stat.st_size = offset + done;
    }
    inode->stat.st_mtim = inode->stat.st_ctim = now();
    pthread_mutex_unlock(&inode->lock);
    if (error) fuse_reply_err(request, error);
    else fuse_reply_write(request, size);
}

static void memfs_fallocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t length, struct fuse_file_info *file)
{
    (void)file;
    struct inode *inode = inode_of(node);
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
        fuse_reply_err(request, EOPNOTSUPP);
        return;
    }
    pthread_mutex_lock(&inode->lock);
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) zero(inode, offset, length);
    if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + length > inode->stat.st_size) inode->stat.st_size = offset + length;
    inode->stat.st_mtim = inode->stat.st_ctim = now();
    pthread_mutex_unlock(&inode->lock);
    fuse_reply_err(request, 0);
}

static void memfs_opendir(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    file->keep_cache = 1;
    file->cache_readdir = 1;
    fuse_reply_open(request, file);
}

static void read_directory(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, bool plus)
{
    char *buffer = malloc(size);
    size_t used = 0;
    pthread_mutex_lock(&tree);
    struct inode *inode = inode_of(node);
    struct directory *directory = inode->directory;
    struct inode *dots[] = { inode, directory->parent ? directory->parent : inode };
    for (off_t i = offset; i < 2; i++) {
        /* No lookup is counted for these two. */
        struct fuse_entry_param dot = { .attr = { .st_ino = dots[i]->stat.st_ino, .st_mode = S_IFDIR } };
        const char *name = i == 0 ? "." : "..";
        size_t needed = plus ? fuse_add_direntry_plus(request, buffer + used, size - used, name, &dot, i + 1)
                             : fuse_add_direntry(request, buffer + used, size - used, name, &dot.attr, i + 1);
        if (needed > size - used) goto full;
        used += needed;
    }
    for (size_t i = index_after(directory, offset); i < directory->listed; i++) {
        struct entry *entry = directory->by_offset[i];
        if (entry->removed) continue;
        size_t needed;
        if (plus) {
            struct fuse_entry_param answer = looked_up(entry->inode);
            needed = fuse_add_direntry_plus(request, buffer + used, size - used, entry->name, &answer, entry->offset);
            if (needed > size - used) entry->inode->lookups--;
        } else needed = fuse_add_direntry(request, buffer + used, size - used, entry->name, &entry->inode->stat, entry->offset);
        if (needed > size - used) break;
        used += needed;
    }
full:
    pthread_mutex_unlock(&tree);
    fuse_reply_buf(request, buffer, used);
    free(buffer);
}

static void memfs_readdir(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)file;
    read_directory(request, node, size, offset, false);
}

static void memfs_readdirplus(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)file;
    read_directory(request, node, size, offset, true);
}

static void memfs_statfs(fuse_req_t request, fuse_ino_t node)
{
    (void)node;
    fsblkcnt_t available = (CAPACITY_BYTES - used_bytes) / 4096;
    struct statvfs stat = {
        .f_bsize = 4096, .f_frsize = 4096, .f_blocks = CAPACITY_BYTES / 4096, .f_bfree = available, .f_bavail = available,
        .f_files = inode_count, .f_ffree = available, .f_namemax = 255,
    };
    fuse_reply_statfs(request, &stat);
}

static struct xattr *find_xattr(struct inode *inode, const char *name)
{
    struct xattr *xattr = inode->xattrs;
    while (xattr && strcmp(xattr->name, name) != 0) xattr = xattr->next;
    return xattr;
}

static void memfs_getxattr(fuse_req_t request, fuse_ino_t node, const char *name, size_t size)
{
    struct inode *inode = inode_of(node);
    pthread_mutex_lock(&inode->lock);
    struct xattr *xattr = find_xattr(inode, name);
    if (!xattr) fuse_reply_err(request, ENODATA);
    else if (size == 0) fuse_reply_xattr(request, xattr->size);
    else if (size < xattr->size) fuse_reply_err(request, ERANGE);
    else fuse_reply_buf(request, xattr->value, xattr->size);
    pthread_mutex_unlock(&inode->lock);
}

static void memfs_setxattr(fuse_req_t request, fuse_ino_t node, const char *name, const char *value, size_t size, int flags)
{
    struct inode *inode = inode_of(node);
    pthread_mutex_lock(&inode->lock);
    struct xattr *xattr = find_xattr(inode, name);
    int error = xattr && (flags & XATTR_CREATE) ? EEXIST : !xattr && (flags & XATTR_REPLACE) ? ENODATA : 0;
    if (!error) {
        if (!xattr) {
            xattr = calloc(1, sizeof *xattr + strlen(name) + 1);
            strcpy(xattr->name, name);
            xattr->next = inode->xattrs;
            inode->xattrs = xattr;
        }
        free(xattr->value);
        xattr->value = malloc(size ? size : 1);
        memcpy(xattr->value, value, size);
        xattr->size = size;
        inode->stat.st_ctim = now();
    }
    pthread_mutex_unlock(&inode->lock);
    fuse_reply_err(request, error);
}

static const struct fuse_lowlevel_ops operations = {
    .init = memfs_init, .lookup = memfs_lookup, .forget = memfs_forget, .forget_multi = memfs_forget_multi,
    .getattr = memfs_getattr, .setattr = memfs_setattr, .mknod = memfs_mknod, .mkdir = memfs_mkdir,
    .symlink = memfs_symlink, .readlink = memfs_readlink, .link = memfs_link, .unlink = memfs_unlink, .rmdir = memfs_rmdir,
    .rename = memfs_rename, .open = memfs_open, .create = memfs_create, .read = memfs_read, .write = memfs_write,
    .fallocate = memfs_fallocate, .opendir = memfs_opendir, .readdir = memfs_readdir, .readdirplus = memfs_readdirplus,
    .statfs = memfs_statfs, .getxattr = memfs_getxattr, .setxattr = memfs_setxattr,
};

int main(int count, char **arguments)
{
    struct fuse_args args = FUSE_ARGS_INIT(count, arguments);
    struct fuse_cmdline_opts options;
    if (fuse_parse_cmdline(&args, &options) != 0 || !options.mountpoint) return 2;
    root = make_inode(S_IFDIR | 0755, getuid(), getgid(), 0, NULL);
    struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    if (!session || fuse_set_signal_handlers(session) != 0 || fuse_session_mount(session, options.mountpoint) != 0) return 1;
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, options.clone_fd);
    fuse_loop_cfg_set_max_threads(config, options.max_threads);
    fuse_daemonize(options.foreground);
    int result = options.singlethread ? fuse_session_loop(session) : fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    fuse_session_unmount(session);
    fuse_remove_signal_handlers(session);
    fuse_session_destroy(session);
    free(options.mountpoint);
    fuse_opt_free_args(&args);
    return result == 0 ? 0 : 1;
}
