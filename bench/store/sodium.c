// usage: sodium put|get CHUNK_BYTES THREADS SECONDS
//
// What libsodium alone does for a chunk, in C: put is the chunk key, nonce, object id and box; get is the object id,
// nonce, and opening the box. Prints bytes, seconds, and seconds
// of processor time, which a machine that does other things as well does not change much. Filling the memory is not measured.
//
// As in bench/Bazil.StoreBench, every chunk is fresh: the source is larger than the caches, and each chunk gets a number.
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { source_bytes = 32 << 20, name_bytes = 32 + 16 + 8 };

static int is_put;
static size_t chunk_bytes;
static double run_seconds;
static unsigned char sharing_key[32];
static atomic_ulong total_bytes;
static atomic_ulong next_number;
static atomic_ulong cpu_nanoseconds;

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void chunk_name(const unsigned char *content, unsigned char *name) {
  static const unsigned char personal[16] = "bazil:file", salt[16];
  memset(name, 0, name_bytes);
  crypto_generichash_blake2b_salt_personal(name, 32, content, chunk_bytes, NULL, 0, salt, personal);
  memcpy(name + 32, "file", 4);
}

static void derive(const unsigned char *name, unsigned char *nonce, unsigned char *id) {
  static const unsigned char nonce_personal[16] = {"bazil-crypt-nonc"}, id_personal[16] = "bazil-crypt-key", salt[16];
  crypto_generichash_blake2b_salt_personal(nonce, 24, name, name_bytes, NULL, 0, salt, nonce_personal);
  crypto_generichash_blake2b_salt_personal(id, 32, name, name_bytes, sharing_key, 32, salt, id_personal);
}

static void *work(void *unused) {
  (void)unused;
  size_t chunk_count = source_bytes / chunk_bytes, box_bytes = chunk_bytes + crypto_secretbox_MACBYTES;
  unsigned char *source = malloc(source_bytes), *box = malloc(box_bytes), *boxes = NULL, *names = NULL;
  unsigned char name[name_bytes], nonce[24], id[32];
  randombytes_buf(source, source_bytes);
  if (!is_put) {
    boxes = malloc(chunk_count * box_bytes);
    names = malloc(chunk_count * name_bytes);
    for (size_t index = 0; index < chunk_count; index++) {
      chunk_name(source + index * chunk_bytes, names + index * name_bytes);
      derive(names + index * name_bytes, nonce, id);
      crypto_secretbox_easy(boxes + index * box_bytes, source + index * chunk_bytes, chunk_bytes, nonce, sharing_key);
    }
  }

  double end = now(CLOCK_MONOTONIC) + run_seconds, cpu = now(CLOCK_THREAD_CPUTIME_ID);
  unsigned long bytes = 0;
  for (size_t index = 0; now(CLOCK_MONOTONIC) < end; index = (index + 1) % chunk_count) {
    if (is_put) {
      unsigned char *content = source + index * chunk_bytes;
      uint64_t number = atomic_fetch_add(&next_number, 1);
      memcpy(content, &number, sizeof number);
      chunk_name(content, name);
      derive(name, nonce, id);
      crypto_secretbox_easy(box, content, chunk_bytes, nonce, sharing_key);
    } else {
      derive(names + index * name_bytes, nonce, id);
      if (crypto_secretbox_open_easy(box, boxes + index * box_bytes, box_bytes, nonce, sharing_key) != 0) abort();
    }
    bytes += chunk_bytes;
  }

  atomic_fetch_add(&cpu_nanoseconds, (unsigned long)((now(CLOCK_THREAD_CPUTIME_ID) - cpu) * 1e9));
  atomic_fetch_add(&total_bytes, bytes);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 5 || sodium_init() < 0) return 2;
  is_put = strcmp(arguments[1], "put") == 0;
  chunk_bytes = strtoul(arguments[2], NULL, 10);
  int threads = atoi(arguments[3]);
  run_seconds = strtod(arguments[4], NULL);
  randombytes_buf(sharing_key, sizeof sharing_key);

  pthread_t *ids = calloc((size_t)threads, sizeof *ids);
  for (int index = 0; index < threads; index++) pthread_create(&ids[index], NULL, work, NULL);
  for (int index = 0; index < threads; index++) pthread_join(ids[index], NULL);
  printf("%lu %.6f %.6f\n", atomic_load(&total_bytes), run_seconds, (double)atomic_load(&cpu_nanoseconds) / 1e9);
  return 0;
}
