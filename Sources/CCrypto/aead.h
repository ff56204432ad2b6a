// An implementation of ChaCha20-Poly1305 for native programs; aead.c chooses one. The arguments are those of ccrypto.h, but that a message
// to seal is in one piece: p, which may equal out. A message to open has its tag, so n is 16 or more.
// A context belongs to one thread and is re-keyed for each message, without allocating. Freeing it wipes it.
#pragma once
#include "ccrypto.h"
#include "must.h"

typedef struct {
  const char *name;
  void *(*make)(void);
  void (*free)(void *context);
  void (*seal)(void *context, uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
               const uint8_t *p, size_t n);
  int (*open)(void *context, uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
              const uint8_t *p, size_t n);
} AEADEngine;

extern const AEADEngine cc_aead_openssl;
/// NULL where the library is not installed, or does not do this cipher (FIPS mode). Called once.
const AEADEngine *cc_aead_gcrypt(void);
