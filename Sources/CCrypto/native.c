// For native programs: libsodium is twice OpenSSL's rate at curve25519, OpenSSL at SHA-2; aead.c has ChaCha20-Poly1305.
// Algorithms are fetched once and contexts kept by thread, as fetching costs more than hashing a block.
#include "ccrypto.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

typedef struct { EVP_MD_CTX *sha1, *sha256, *sha512; } Contexts;

static EVP_MD *sha1, *sha256, *sha512;
static pthread_key_t at_thread_end;
static _Thread_local Contexts *own;

// Below, OpenSSL can fail only for want of memory or by misuse: neither has an answer here.
static void must(int ok) { if (ok != 1) abort(); }

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

static int verify(EVP_PKEY *key, const char *digest, const uint8_t *m, size_t n, const uint8_t *sig, size_t sig_n) {
  EVP_MD_CTX *x = EVP_MD_CTX_new();
  must(x != NULL);
  int ok = EVP_DigestVerifyInit_ex(x, NULL, digest, NULL, NULL, key, NULL) == 1 && EVP_DigestVerify(x, sig, sig_n, m, n) == 1;
  EVP_MD_CTX_free(x);
  return ok;
}
int cc_ed25519_verify_any(const uint8_t *m, size_t n, const uint8_t sig[64], const uint8_t pub[32]) {
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, 32);
  must(key != NULL);
  int ok = verify(key, NULL, m, n, sig, 64);
  EVP_PKEY_free(key);
  return ok;
}

int cc_key_verify(void *key, const uint8_t *m, size_t n, const uint8_t *sig, size_t sig_n) {
  return verify(key, "SHA2-256", m, n, sig, sig_n);
}
void cc_key_free(void *key) { EVP_PKEY_free(key); }
void *cc_key_of_spki(const uint8_t *spki, size_t n) {
  const uint8_t *p = spki;
  EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)n);
  if (key && (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"))) return key;
  EVP_PKEY_free(key);
  return NULL;
}

// A key of a curve out of its point, with the private scalar if there is one. NULL if the point is not on the curve.
static EVP_PKEY *ec_key(const char *curve, const uint8_t *point, size_t point_n, const BIGNUM *scalar) {
  OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *x = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  must(build && x);
  must(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0));
  must(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, point_n));
  if (scalar) must(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar));
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
  must(parameters != NULL);
  EVP_PKEY *key = NULL;
  if (EVP_PKEY_fromdata_init(x) != 1 || EVP_PKEY_fromdata(x, &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    EVP_PKEY_free(key);
    key = NULL;
  }
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  EVP_PKEY_CTX_free(x);
  return key;
}
void *cc_key_of_secp256k1(const uint8_t point[33]) { return ec_key(SN_secp256k1, point, 33, NULL); }

static EC_GROUP *p256(void) {
  EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  must(group != NULL);
  return group;
}
int cc_p256_public(uint8_t point[65], const uint8_t scalar[32]) {
  EC_GROUP *group = p256();
  BIGNUM *k = BN_bin2bn(scalar, 32, BN_secure_new());
  EC_POINT *product = EC_POINT_new(group);
  must(k && product);
  BN_set_flags(k, BN_FLG_CONSTTIME);
  int ok = !BN_is_zero(k) && BN_cmp(k, EC_GROUP_get0_order(group)) < 0;
  if (ok) {
    must(EC_POINT_mul(group, product, k, NULL, NULL, NULL));
    must(EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL) == 65);
  }
  EC_POINT_free(product);
  BN_clear_free(k);
  EC_GROUP_free(group);
  return ok;
}
int cc_p256_scalar(uint8_t scalar[32], const uint8_t entropy[48]) {
  EC_GROUP *group = p256();
  BN_CTX *x = BN_CTX_secure_new();
  BIGNUM *k = BN_bin2bn(entropy, 48, BN_secure_new()), *span = BN_dup(EC_GROUP_get0_order(group));
  must(x && k && span);
  must(BN_sub_word(span, 1));
  must(BN_mod(k, k, span, x));
  must(BN_add_word(k, 1));
  must(BN_bn2binpad(k, scalar, 32) == 32);
  BN_free(span);
  BN_clear_free(k);
  BN_CTX_free(x);
  EC_GROUP_free(group);
  return 1;
}
int cc_p256_sign(uint8_t sig[72], size_t *sig_n, const uint8_t *m, size_t n, const uint8_t scalar[32]) {
  uint8_t point[65];
  if (!cc_p256_public(point, scalar)) return 0;
  BIGNUM *k = BN_bin2bn(scalar, 32, BN_secure_new());
  must(k != NULL);
  EVP_PKEY *key = ec_key(SN_X9_62_prime256v1, point, sizeof point, k);
  EVP_MD_CTX *x = EVP_MD_CTX_new();
  must(key && x);
  must(EVP_DigestSignInit_ex(x, NULL, "SHA2-256", NULL, NULL, key, NULL));
  *sig_n = 72;
  must(EVP_DigestSign(x, sig, sig_n, m, n));
  EVP_MD_CTX_free(x);
  EVP_PKEY_free(key);
  BN_clear_free(k);
  return 1;
}
