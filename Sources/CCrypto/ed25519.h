// Ed25519 (RFC 8032, section 5.1) over AWS-LC's curve, for wasm.c: its arithmetic with scalars is written out limb by limb, ten times the code,
// where a signature's time goes into the curve.

// The order of the base point, 2^252 + 27742317777372353535851937790883648493, little-endian.
static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};

// out = (a * b + c) modulo the order; `c` has 64 bytes and may be `out`; without `a`: out = c. What is computed takes the same time and the
// same places whatever the numbers are.
static void scalar(uint8_t out[32], const uint8_t *a, const uint8_t *b, const uint8_t *c) {
  int32_t digits[64], r[33] = {0};
  for (int i = 0; i < 64; i++) digits[i] = c[i];
  if (a) for (int i = 0; i < 32; i++) for (int j = 0; j < 32; j++) digits[i + j] += a[i] * b[j];
  for (int i = 63; i >= 0; i--) {
    // r, which is less than the order, times 256, and the next digit.
    int32_t carry = digits[i];
    for (int j = 0; j < 33; j++) {
      int32_t next = r[j];
      r[j] = carry & 255;
      carry = (carry >> 8) + next;
    }
    // So often the order goes into its 2^252s: what is left is less than 2^252, and may be as little as minus the order.
    int32_t often = r[32] << 4 | r[31] >> 4;
    carry = 0;
    for (int j = 0; j < 32; j++) {
      carry += r[j] - often * order[j];
      r[j] = carry & 255;
      carry >>= 8;
    }
    int32_t isNegative = carry + r[32];
    r[32] = carry = 0;
    for (int j = 0; j < 32; j++) {
      carry += r[j] + (isNegative & order[j]);
      r[j] = carry & 255;
      carry >>= 8;
    }
  }
  for (int i = 0; i < 32; i++) out[i] = r[i];
  cc_wipe(digits, sizeof digits);
  cc_wipe(r, sizeof r);
}

// The base point: y is 4/5, and x even.
static const uint8_t base[32] = {0x58, [1 ... 31] = 0x66};

// Encodes a * A + b * base, by two bits of both at a time. Takes the same time and the same places whatever b is, which may be secret. AWS-LC
// has one way for secret scalars and one for others, with tables and code of 4 kB.
static void multiply(uint8_t out[32], const uint8_t a[32], const ge_p3 *A, const uint8_t b[32]) {
  ge_p3 B, sum, points[16];
  ge_p1p1 next;
  ge_cached cached_A, cached_B, sums[16];   // of i % 4 * A and i / 4 * base
  x25519_ge_frombytes_vartime(&B, base);
  x25519_ge_p3_to_cached(&cached_A, A);
  x25519_ge_p3_to_cached(&cached_B, &B);
  ge_p3_0(&points[0]);
  for (int i = 0; i < 16; i++) {
    if (i) {
      x25519_ge_add(&next, &points[i % 4 ? i - 1 : i - 4], i % 4 ? &cached_A : &cached_B);
      x25519_ge_p1p1_to_p3(&points[i], &next);
    }
    x25519_ge_p3_to_cached(&sums[i], &points[i]);
  }
  ge_p3_0(&sum);
  for (int i = 254; i >= 0; i -= 2) {
    for (int j = 0; j < 2; j++) {
      ge_p3_dbl(&next, &sum);
      x25519_ge_p1p1_to_p3(&sum, &next);
    }
    ge_cached chosen;
    memset(&chosen, 0, sizeof chosen);
    for (int j = 0; j < 4; j++) {
      uint32_t mask = 0 - (uint32_t)equal(b[i / 8] >> i % 8 & 3, j), *to = chosen.YplusX.v;
      const uint32_t *from = sums[4 * j + (a[i / 8] >> i % 8 & 3)].YplusX.v;
      for (int k = 0; k < sizeof chosen / 4; k++) to[k] |= from[k] & mask;
    }
    x25519_ge_add(&next, &sum, &chosen);
    x25519_ge_p1p1_to_p3(&sum, &next);
    cc_wipe(&chosen, sizeof chosen);
  }
  ge_p3_tobytes(out, &sum);
  cc_wipe(&sum, sizeof sum);
  cc_wipe(&next, sizeof next);
}
static void multiply_base(uint8_t out[32], const uint8_t b[32]) {
  static const uint8_t zero[32];
  ge_p3 nothing;
  ge_p3_0(&nothing);
  multiply(out, zero, &nothing, b);
}

// The secret scalar, and behind it the prefix of what makes a signature's own secret.
static void expand(uint8_t key[64], const uint8_t seed[32]) {
  cc_sha512(key, seed, 32);
  key[0] &= 248;
  key[31] = (key[31] & 63) | 64;
}

void cc_ed25519_from_seed(uint8_t pub[32], uint8_t priv[64], const uint8_t seed[32]) {
  uint8_t key[64];
  expand(key, seed);
  multiply_base(pub, key);
  memcpy(priv, seed, 32);
  memcpy(priv + 32, pub, 32);
  cc_wipe(key, sizeof key);
}

void cc_ed25519_sign(uint8_t sig[64], const uint8_t *m, size_t n, const uint8_t priv[64]) {
  uint8_t key[64], r[64], k[64];
  expand(key, priv);
  sha2_of(r, 128, key + 32, 32, m, n, NULL, 0);
  scalar(r, NULL, NULL, r);
  memset(r + 32, 0, 32);
  multiply_base(sig, r);
  sha2_of(k, 128, sig, 32, priv + 32, 32, m, n);
  scalar(k, NULL, NULL, k);
  scalar(sig + 32, k, key, r);
  cc_wipe(key, sizeof key);
  cc_wipe(r, sizeof r);
}

int cc_ed25519_verify(const uint8_t *m, size_t n, const uint8_t sig[64], const uint8_t pub[32]) {
  uint8_t s[64] = {0}, k[64];
  memcpy(s, sig + 32, 32);
  // Only the least of the numbers that would do is a signature's.
  scalar(k, NULL, NULL, s);
  // The negative of the key's point differs in the sign of x.
  uint8_t negative[32];
  memcpy(negative, pub, 32);
  negative[31] ^= 0x80;
  ge_p3 A;
  if (!cc_equal(k, s, 32) || !x25519_ge_frombytes_vartime(&A, negative)) return 0;
  sha2_of(k, 128, sig, 32, pub, 32, m, n);
  scalar(k, NULL, NULL, k);
  multiply(k, k, &A, s);
  return cc_equal(k, sig, 32);
}
