// SHA-256 and SHA-512 (FIPS 180-4, section 6) in loops, for wasm.c: AWS-LC's rounds are written out one after the other, which is five times
// the code. The constants of SHA-256 are the upper halves of SHA-512's (sections 4.2 and 5.3).

typedef struct {
  uint64_t state[8];
  uint8_t block[128];
  uint32_t size;   // of a block, in bytes: 64 for SHA-256, 128 for SHA-512
  uint64_t count;
} sha2;

static const uint64_t sha2_first[8] = {
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static uint32_t rotated(uint32_t x, int a, int b) { return CRYPTO_rotr_u32(x, a) ^ CRYPTO_rotr_u32(x, b); }
static uint64_t rotated_long(uint64_t x, int a, int b) { return CRYPTO_rotr_u64(x, a) ^ CRYPTO_rotr_u64(x, b); }

static void sha256_rounds(sha2 *s) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 8; i++) v[i] = (uint32_t)s->state[i];
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

static void sha512_rounds(sha2 *s) {
  uint64_t w[80], v[8];
  memcpy(v, s->state, sizeof v);
  for (int i = 0; i < 80; i++) {
    if (i < 16) w[i] = CRYPTO_load_u64_be(s->block + 8 * i);
    else {
      uint64_t x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (rotated_long(x, 1, 8) ^ x >> 7) + w[i - 7] + (rotated_long(y, 19, 61) ^ y >> 6);
    }
    uint64_t a = v[0], e = v[4];
    uint64_t t = v[7] + (rotated_long(e, 14, 18) ^ CRYPTO_rotr_u64(e, 41)) + ((e & v[5]) ^ (~e & v[6])) + K512[i] + w[i];
    uint64_t u = (rotated_long(a, 28, 34) ^ CRYPTO_rotr_u64(a, 39)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 56);
    v[0] = t + u;
    v[4] += t;
  }
  for (int i = 0; i < 8; i++) s->state[i] += v[i];
  cc_wipe(w, sizeof w);
}

static void sha2_add(sha2 *s, const uint8_t *p, size_t n) {
  while (n--) {
    s->block[s->count++ & (s->size - 1)] = *p++;
    if ((s->count & (s->size - 1)) == 0) {
      if (s->size == 64) sha256_rounds(s);
      else sha512_rounds(s);
    }
  }
}

// Of a, b and c, one behind the other. `size`: of a block, and twice that of the hash.
static void sha2_of(uint8_t *out, uint32_t size, const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n, const uint8_t *c, size_t c_n) {
  sha2 s = {.size = size};
  for (int i = 0; i < 8; i++) s.state[i] = size == 64 ? sha2_first[i] >> 32 : sha2_first[i];
  sha2_add(&s, a, a_n);
  sha2_add(&s, b, b_n);
  sha2_add(&s, c, c_n);
  uint8_t length[16] = {0}, pad = 0x80;
  CRYPTO_store_u64_be(length + 8, s.count * 8);
  do {
    sha2_add(&s, &pad, 1);
    pad = 0;
  } while ((s.count & (size - 1)) != size - size / 8);
  sha2_add(&s, length + 16 - size / 8, size / 8);
  for (int i = 0; i < 8; i++) {
    if (size == 64) CRYPTO_store_u32_be(out + 4 * i, (uint32_t)s.state[i]);
    else CRYPTO_store_u64_be(out + 8 * i, s.state[i]);
  }
  cc_wipe(&s, sizeof s);
}

void cc_sha256_2(uint8_t out[32], const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n) { sha2_of(out, 64, a, a_n, b, b_n, NULL, 0); }
void cc_sha256(uint8_t out[32], const uint8_t *p, size_t n) { cc_sha256_2(out, p, n, NULL, 0); }
void cc_sha512(uint8_t out[64], const uint8_t *p, size_t n) { sha2_of(out, 128, p, n, NULL, 0, NULL, 0); }
