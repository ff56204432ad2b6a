// ChaCha20-Poly1305 for native programs, by the faster of two libraries. OpenSSL leads by half with AVX-512, and libgcrypt by as much
// without, because it has cipher and authenticator in one loop. Which processor has what says too little (releases differ, and both
// libraries can be told to leave instructions alone), so the first message of a process waits half a millisecond for a race.
#include "aead.h"
#include <pthread.h>
#include <string.h>
#include <time.h>

typedef struct { const AEADEngine *engine; void *context; } Own;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static const AEADEngine *gcrypt, *chosen;
static _Thread_local Own own;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// The least of several turns, as others use the processor, too, and the first turns find it cold.
static void race(const AEADEngine *engines[2], int64_t least[2]) {
  enum { turns = 10, size = 16384 };
  static const uint8_t key[32], nonce[12];
  uint8_t *message = calloc(1, size + 16);
  void *contexts[2] = {engines[0]->make(), engines[1]->make()};
  must(message != NULL);
  for (int turn = 0; turn < turns; turn++)
    for (int i = 0; i < 2; i++) {
      int64_t start = now();
      engines[i]->seal(contexts[i], message, key, nonce, NULL, 0, message, size);
      int64_t taken = now() - start;
      if (turn == 0 || taken < least[i]) least[i] = taken;
    }
  for (int i = 0; i < 2; i++) engines[i]->free(contexts[i]);
  free(message);
}

static void free_own(void *p) {
  Own *o = p;
  o->engine->free(o->context);
  o->engine = NULL;   // a later destructor of this thread may seal once more
}

static void choose(void) {
  must(pthread_key_create(&at_thread_end, free_own) == 0);
  chosen = &cc_aead_openssl;
  gcrypt = cc_aead_gcrypt();
  if (!gcrypt) return;
  int64_t least[2];
  race((const AEADEngine *[2]){&cc_aead_openssl, gcrypt}, least);
  // By a tenth at least: runs on one machine should not differ for nothing.
  if (least[1] < least[0] - least[0] / 10) chosen = gcrypt;
}

static Own *take(const AEADEngine *engine) {
  if (own.engine) own.engine->free(own.context);
  own = (Own){engine, engine->make()};
  must(pthread_setspecific(at_thread_end, &own) == 0);
  return &own;
}
static Own *take_chosen(void) {
  must(pthread_once(&once, choose) == 0);
  return take(chosen);
}
static inline Own *mine(void) { return own.engine ? &own : take_chosen(); }

const char *cc_aead_engine(void) { return mine()->engine->name; }
int cc_aead_use(const char *name) {
  mine();
  const AEADEngine *all[] = {chosen, &cc_aead_openssl, gcrypt};
  for (int i = 0; i < 3; i++)
    if (all[i] && (!name || strcmp(name, all[i]->name) == 0)) {
      take(all[i]);
      return 1;
    }
  return 0;
}

void cc_aead_seal_nonce(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                        const uint8_t *head, size_t head_n, const uint8_t *body, size_t body_n) {
  Own *o = mine();
  const uint8_t *p = body_n ? body : head;
  // Neither library is fast within a block of the cipher: moving the parts together costs less than going on from the head's end.
  if (head_n && body_n) {
    memcpy(out, head, head_n);
    memcpy(out + head_n, body, body_n);
    p = out;
  }
  o->engine->seal(o->context, out, key, nonce, ad, ad_n, p, head_n + body_n);
}
int cc_aead_open_nonce(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                       const uint8_t *p, size_t n) {
  if (n < 16) return 0;
  Own *o = mine();
  return o->engine->open(o->context, out, key, nonce, ad, ad_n, p, n);
}
