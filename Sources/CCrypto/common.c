// What is the same over either implementation.
#include "ccrypto.h"

void cc_hmac_sha256(uint8_t out[32], const uint8_t *key, size_t key_n, const uint8_t *p, size_t n) {
  uint8_t k[64] = {0}, pad[64], inner[32];
  if (key_n > 64) cc_sha256(k, key, key_n);
  else for (size_t i = 0; i < key_n; i++) k[i] = key[i];
  for (int i = 0; i < 64; i++) pad[i] = k[i] ^ 0x36;
  cc_sha256_2(inner, pad, 64, p, n);
  for (int i = 0; i < 64; i++) pad[i] = k[i] ^ 0x5c;
  cc_sha256_2(out, pad, 64, inner, 32);
  cc_wipe(k, sizeof k);
  cc_wipe(pad, sizeof pad);
  cc_wipe(inner, sizeof inner);
}

void cc_hkdf_sha256(uint8_t first[32], uint8_t second[32], const uint8_t chaining[32], const uint8_t *material, size_t n) {
  uint8_t key[32], block[33];
  cc_hmac_sha256(key, chaining, 32, material, n);
  block[0] = 1;
  cc_hmac_sha256(first, key, 32, block, 1);
  for (int i = 0; i < 32; i++) block[i] = first[i];
  block[32] = 2;
  cc_hmac_sha256(second, key, 32, block, 33);
  cc_wipe(key, sizeof key);
  cc_wipe(block, sizeof block);
}

static void noise_nonce(uint8_t nonce[12], uint64_t counter) {
  for (int i = 0; i < 4; i++) nonce[i] = 0;
  for (int i = 0; i < 8; i++) nonce[4 + i] = (uint8_t)(counter >> (8 * i));
}

void cc_aead_seal(uint8_t *out, const void *key, uint64_t counter, const uint8_t *ad, size_t ad_n,
                  const uint8_t *head, size_t head_n, const uint8_t *body, size_t body_n) {
  uint8_t nonce[12];
  noise_nonce(nonce, counter);
  cc_aead_seal_nonce(out, key, nonce, ad, ad_n, head, head_n, body, body_n);
}

int cc_aead_open(uint8_t *out, const void *key, uint64_t counter, const uint8_t *ad, size_t ad_n, const uint8_t *p, size_t n) {
  uint8_t nonce[12];
  noise_nonce(nonce, counter);
  return cc_aead_open_nonce(out, key, nonce, ad, ad_n, p, n);
}

int cc_equal(const uint8_t *a, const uint8_t *b, size_t n) {
  uint8_t x = 0;
  for (size_t i = 0; i < n; i++) {
    x |= a[i] ^ b[i];
    __asm__("" : "+r"(x));   // keeps the compiler from leaving the loop early
  }
  return x == 0;
}

void cc_wipe(void *p, size_t n) {
  __builtin_memset(p, 0, n);
  __asm__ volatile("" : : "r"(p) : "memory");
}
