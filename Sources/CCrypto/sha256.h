// SHA-256 (FIPS 180-4, section 6.2) in loops, for wasm.c: AWS-LC's rounds are written out one after the other, which is five times the code.
// Its constants and its first state are the upper halves of SHA-512's (sections 4.2 and 5.3).

typedef struct {
  uint32_t state[8];
  uint8_t block[64];
  uint64_t count;
} sha256;

static uint32_t rotated(uint32_t x, int a, int b) { return CRYPTO_rotr_u32(x, a) ^ CRYPTO_rotr_u32(x, b); }

static void sha256_rounds(sha256 *s) {
  uint32_t w[64], v[8];
  memcpy(v, s->state, sizeof v);
  for (int i = 0; i < 64; i++) {
    if (i < 16) w[i] = CRYPTO_load_u32_be(s->block + 4 * i);
    else {
      uint32_t x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (rotated(x, 7, 18) ^ x >> 3) + w[i - 7] + (rotated(y, 17, 19) ^ y >> 10);
    }
    uint32_t a = v[0], e = v[4];
    uint32_t t = v[7] + (rotated(e, 6, 11) ^ CRYPTO_rotr_u32(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + (uint32_t)(K512[i] >> 32) + w[i];
    uint32_t u = (rotated(a, 2, 13) ^ CRYPTO_rotr_u32(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 28);
    v[0] = t + u;
    v[4] += t;
  }
  for (int i = 0; i < 8; i++) s->state[i] += v[i];
  cc_wipe(w, sizeof w);
}

static void sha256_add(sha256 *s, const uint8_t *p, size_t n) {
  while (n--) {
    s->block[s->count++ % 64] = *p++;
    if (s->count % 64 == 0) sha256_rounds(s);
  }
}

void cc_sha256_2(uint8_t out[32], const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n) {
  SHA512_CTX first;
  SHA512_Init(&first);
  sha256 s;
  for (int i = 0; i < 8; i++) s.state[i] = (uint32_t)(first.h[i] >> 32);
  s.count = 0;
  sha256_add(&s, a, a_n);
  sha256_add(&s, b, b_n);
  uint64_t bits = CRYPTO_bswap8(s.count * 8);
  uint8_t pad = 0x80;
  do {
    sha256_add(&s, &pad, 1);
    pad = 0;
  } while (s.count % 64 != 56);
  sha256_add(&s, (const uint8_t *)&bits, 8);
  for (int i = 0; i < 8; i++) CRYPTO_store_u32_be(out + 4 * i, s.state[i]);
  cc_wipe(&s, sizeof s);
}
void cc_sha256(uint8_t out[32], const uint8_t *p, size_t n) { cc_sha256_2(out, p, n, NULL, 0); }
