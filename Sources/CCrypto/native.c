// For native programs: libsodium is twice OpenSSL's rate at curve25519, OpenSSL at SHA-2; aead.c has ChaCha20-Poly1305,
// keys.c RSA and ECDSA.
// Algorithms are fetched once and contexts kept by thread, as fetching costs more than hashing a block.
#include "ccrypto.h"
#include "must.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>

typedef struct { EVP_MD_CTX *sha1, *sha256, *sha512; } Contexts;

static EVP_MD *sha1, *sha256, *sha512;
static pthread_key_t at_thread_end;
static _Thread_local Contexts *own;

static void free_contexts(void *p) {
  Contexts *c = p;
  EVP_MD_CTX_free(c->sha1);
  EVP_MD_CTX_free(c->sha256);
  EVP_MD_CTX_free(c->sha512);
  free(c);
}

__attribute__((constructor)) static void start(void) {
  must(sodium_init() >= 0);
  sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
  sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
  sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
  must(sha1 && sha256 && sha512);
  must(pthread_key_create(&at_thread_end, free_contexts) == 0);
}

static Contexts *make_contexts(void) {
  Contexts *c = calloc(1, sizeof *c);
  must(c != NULL);
  must((c->sha1 = EVP_MD_CTX_new()) && (c->sha256 = EVP_MD_CTX_new()) && (c->sha512 = EVP_MD_CTX_new()));
  must(pthread_setspecific(at_thread_end, c) == 0);
  return own = c;
}
static inline Contexts *contexts(void) { return own ? own : make_contexts(); }

static void hash(EVP_MD_CTX *x, EVP_MD *md, uint8_t *out, const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n) {
  must(EVP_DigestInit_ex2(x, md, NULL));
  must(EVP_DigestUpdate(x, a, a_n));
  if (b_n) must(EVP_DigestUpdate(x, b, b_n));
  must(EVP_DigestFinal_ex(x, out, NULL));
}
void cc_sha256(uint8_t out[32], const uint8_t *p, size_t n) { hash(contexts()->sha256, sha256, out, p, n, NULL, 0); }
void cc_sha256_2(uint8_t out[32], const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n) {
  hash(contexts()->sha256, sha256, out, a, a_n, b, b_n);
}
void cc_sha512(uint8_t out[64], const uint8_t *p, size_t n) { hash(contexts()->sha512, sha512, out, p, n, NULL, 0); }

static void sha1_update(EVP_MD_CTX *x, const uint8_t *p, size_t n) { if (n) must(EVP_DigestUpdate(x, p, n)); }
void cc_hmac_sha1(uint8_t out[20], const uint8_t *key, size_t key_n, const uint8_t *head, size_t head_n, const uint8_t *body, size_t body_n) {
  EVP_MD_CTX *x = contexts()->sha1;
  uint8_t k[64] = {0}, pad[64], inner[20];
  if (key_n > 64) hash(x, sha1, k, key, key_n, NULL, 0);
  else for (size_t i = 0; i < key_n; i++) k[i] = key[i];
  for (int i = 0; i < 64; i++) pad[i] = k[i] ^ 0x36;
  must(EVP_DigestInit_ex2(x, sha1, NULL));
  sha1_update(x, pad, 64);
  sha1_update(x, head, head_n);
  sha1_update(x, body, body_n);
  must(EVP_DigestFinal_ex(x, inner, NULL));
  for (int i = 0; i < 64; i++) pad[i] = k[i] ^ 0x5c;
  hash(x, sha1, out, pad, 64, inner, 20);
  cc_wipe(k, sizeof k);
  cc_wipe(pad, sizeof pad);
}

void cc_x25519_public(uint8_t pub[32], const uint8_t priv[32]) { crypto_scalarmult_curve25519_base(pub, priv); }
int cc_x25519(uint8_t out[32], const uint8_t priv[32], const uint8_t pub[32]) {
  return crypto_scalarmult_curve25519(out, priv, pub) == 0;
}
void cc_ed25519_from_seed(uint8_t pub[32], uint8_t priv[64], const uint8_t seed[32]) { crypto_sign_ed25519_seed_keypair(pub, priv, seed); }
void cc_ed25519_sign(uint8_t sig[64], const uint8_t *m, size_t n, const uint8_t priv[64]) {
  crypto_sign_ed25519_detached(sig, NULL, m, n, priv);
}
int cc_ed25519_verify(const uint8_t *m, size_t n, const uint8_t sig[64], const uint8_t pub[32]) {
  return crypto_sign_ed25519_verify_detached(sig, m, n, pub) == 0;
}
