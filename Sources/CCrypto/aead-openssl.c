// ChaCha20-Poly1305 by OpenSSL.
#include "aead.h"
#include <openssl/evp.h>

typedef struct { EVP_CIPHER_CTX *seal, *open; } Contexts;

static void *make(void) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
  Contexts *c = calloc(1, sizeof *c);
  must(cipher && c);
  must((c->seal = EVP_CIPHER_CTX_new()) && (c->open = EVP_CIPHER_CTX_new()));
  must(EVP_CipherInit_ex2(c->seal, cipher, NULL, NULL, 1, NULL) == 1);
  must(EVP_CipherInit_ex2(c->open, cipher, NULL, NULL, 0, NULL) == 1);
  EVP_CIPHER_free(cipher);   // the contexts hold it
  return c;
}
static void release(void *context) {
  Contexts *c = context;
  EVP_CIPHER_CTX_free(c->seal);
  EVP_CIPHER_CTX_free(c->open);
  free(c);
}

// OpenSSL counts in int: more than 1 GiB goes in parts.
static int update(EVP_CIPHER_CTX *x, uint8_t *out, const uint8_t *p, size_t n) {
  int done;
  for (const size_t part = 1u << 30; n; ) {
    size_t now = n < part ? n : part;
    if (EVP_CipherUpdate(x, out, &done, p, (int)now) != 1) return 0;
    if (out) out += now;
    p += now;
    n -= now;
  }
  return 1;
}
static void seal_message(void *context, uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                         const uint8_t *p, size_t n) {
  EVP_CIPHER_CTX *x = ((Contexts *)context)->seal;
  int done;
  must(EVP_CipherInit_ex2(x, NULL, key, nonce, 1, NULL) == 1);
  must(update(x, NULL, ad, ad_n));
  must(update(x, out, p, n));
  must(EVP_CipherFinal_ex(x, out + n, &done) == 1);
  must(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG, 16, out + n) == 1);
}
static int open_message(void *context, uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                        const uint8_t *p, size_t n) {
  EVP_CIPHER_CTX *x = ((Contexts *)context)->open;
  uint8_t none[16];
  int done;
  must(EVP_CipherInit_ex2(x, NULL, key, nonce, 0, NULL) == 1);
  must(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(p + n - 16)) == 1);
  must(update(x, NULL, ad, ad_n));
  must(update(x, out, p, n - 16));
  return EVP_CipherFinal_ex(x, none, &done) == 1;
}

const AEADEngine cc_aead_openssl = {"OpenSSL", make, release, seal_message, open_message};
