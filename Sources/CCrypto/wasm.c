// For the browser: five files of AWS-LC as one translation unit, and the functions of ccrypto.h over them.
// Scripts/build-wasm.sh fetches them and puts them on the include path; nothing of AWS-LC is in this repository.
// Smallest code everywhere but in the bulk cipher.
#define OPENSSL_NO_ASM
#define OPENSSL_SMALL
#define OPENSSL_NO_THREADS_CORRUPT_MEMORY_AND_LEAK_SECRETS_IF_THREADED   // one thread: there is no other
#include "ccrypto.h"
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include "crypto/internal.h"
#include "crypto/fipsmodule/delocate.h"
#include "crypto/fipsmodule/service_indicator/internal.h"

#include "crypto/chacha/chacha.c"
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)
// For its constants alone (sha2.h).
#include "crypto/fipsmodule/sha/sha512.c"
#include "crypto/fipsmodule/curve25519/curve25519_nohw.c"
#include "crypto/fipsmodule/curve25519/curve25519.c"
#include "sha2.h"
#include "ed25519.h"
#include "crypto/poly1305/poly1305.c"

// What those files want of the rest of AWS-LC. The error queue and its random numbers are never reached.
void ERR_put_error(int l, int u, int r, const char *f, unsigned n) {}
int RAND_bytes(uint8_t *p, size_t n) { abort(); }
int CRYPTO_memcmp(const void *a, const void *b, size_t n) { return !cc_equal(a, b, n); }
void OPENSSL_cleanse(void *p, size_t n) { cc_wipe(p, n); }

static void pad(poly1305_state *s, size_t n) {
  static const uint8_t zero[16];
  if (n % 16) CRYPTO_poly1305_update(s, zero, 16 - n % 16);
}
static void tag(const uint8_t key[32], uint8_t out[16], const uint8_t nonce[12], const uint8_t *c, size_t n, const uint8_t *ad, size_t ad_n) {
  uint8_t block[64] = {0};
  CRYPTO_chacha_20(block, block, 64, key, nonce, 0);
  poly1305_state s;
  CRYPTO_poly1305_init(&s, block);
  CRYPTO_poly1305_update(&s, ad, ad_n);
  pad(&s, ad_n);
  CRYPTO_poly1305_update(&s, c, n);
  pad(&s, n);
  uint64_t lengths[2] = {ad_n, n};
  CRYPTO_poly1305_update(&s, (const uint8_t *)lengths, 16);
  CRYPTO_poly1305_finish(&s, out);
}
// CRYPTO_chacha_20 starts at a block, so the two parts are put together first: memory.copy is many times faster than the cipher.
void cc_aead_seal_nonce(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                        const uint8_t *head, size_t head_n, const uint8_t *body, size_t body_n) {
  if (out != head && head_n) memcpy(out, head, head_n);
  if (body_n) memcpy(out + head_n, body, body_n);
  CRYPTO_chacha_20(out, out, head_n + body_n, key, nonce, 1);
  tag(key, out + head_n + body_n, nonce, out, head_n + body_n, ad, ad_n);
}
int cc_aead_open_nonce(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                       const uint8_t *p, size_t n) {
  if (n < 16) return 0;
  uint8_t t[16];
  tag(key, t, nonce, p, n - 16, ad, ad_n);
  if (!cc_equal(t, p + n - 16, 16)) return 0;
  CRYPTO_chacha_20(out, p, n - 16, key, nonce, 1);
  return 1;
}

void cc_x25519_public(uint8_t pub[32], const uint8_t priv[32]) {
  static const uint8_t nine[32] = {9};
  X25519(pub, priv, nine);
}
int cc_x25519(uint8_t out[32], const uint8_t priv[32], const uint8_t pub[32]) { return X25519(out, priv, pub); }
#pragma clang attribute pop
