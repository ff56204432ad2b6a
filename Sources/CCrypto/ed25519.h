// Ed25519 (RFC 8032, section 5.1) over AWS-LC's curve, for wasm.c: its arithmetic with scalars is written out limb by limb, ten times the code,
// where a signature's time goes into the curve, and it brings tables of the base point's multiples, where a page signs little.

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

static void base_point(ge_p3 *point) {
  static const uint8_t x[32] = {0x1a, 0xd5, 0x25, 0x8f, 0x60, 0x2d, 0x56, 0xc9, 0xb2, 0xa7, 0x25, 0x95, 0x60, 0xc7, 0x2c, 0x69,
                                0x5c, 0xdc, 0xd6, 0xfd, 0x31, 0xe2, 0xa4, 0xc0, 0xfe, 0x53, 0x6e, 0xcd, 0xd3, 0x36, 0x69, 0x21};
  uint8_t y[32];
  memset(y, 0x66, 32);
  y[0] = 0x58;
  fe_frombytes_strict(&point->X, x);
  fe_frombytes_strict(&point->Y, y);
  fe_1(&point->Z);
  fe_mul_ttt(&point->T, &point->X, &point->Y);
}

// The base point times a secret less than 2^255.
static void times_base(uint8_t out[32], const uint8_t *secret) {
  ge_p3 base;
  ge_p2 point;
  base_point(&base);
  x25519_ge_scalarmult(&point, secret, &base);
  x25519_ge_tobytes(out, &point);
  cc_wipe(&point, sizeof point);
}

// What is made of a seed: the number that is the key, and the secret that makes a signature's own number.
static void expand(uint8_t out[64], const uint8_t seed[32]) {
  SHA512(seed, 32, out);
  out[0] &= 248;
  out[31] = (out[31] & 63) | 64;
}

void cc_ed25519_from_seed(uint8_t pub[32], uint8_t priv[64], const uint8_t seed[32]) {
  uint8_t key[64];
  expand(key, seed);
  times_base(pub, key);
  memcpy(priv, seed, 32);
  memcpy(priv + 32, pub, 32);
  cc_wipe(key, sizeof key);
}

void cc_ed25519_sign(uint8_t sig[64], const uint8_t *m, size_t n, const uint8_t priv[64]) {
  uint8_t key[64], r[64], k[64];
  expand(key, priv);
  ed25519_sha512(r, key + 32, 32, m, n, NULL, 0, NULL, 0);
  scalar(r, NULL, NULL, r);
  memset(r + 32, 0, 32);
  times_base(sig, r);
  ed25519_sha512(k, sig, 32, priv + 32, 32, m, n, NULL, 0);
  scalar(k, NULL, NULL, k);
  scalar(sig + 32, k, key, r);
  cc_wipe(key, sizeof key);
  cc_wipe(r, sizeof r);
}

// Of a point and its multiples by 3, 5 … 15.
static void odd_multiples(ge_cached out[8], const ge_p3 *point) {
  ge_p1p1 sum;
  ge_p3 twice, multiple = *point;
  ge_p3_dbl(&sum, point);
  x25519_ge_p1p1_to_p3(&twice, &sum);
  for (int i = 0;; i++) {
    x25519_ge_p3_to_cached(&out[i], &multiple);
    if (i == 7) return;
    x25519_ge_add(&sum, &twice, &out[i]);
    x25519_ge_p1p1_to_p3(&multiple, &sum);
  }
}

int cc_ed25519_verify(const uint8_t *m, size_t n, const uint8_t sig[64], const uint8_t pub[32]) {
  uint8_t s[64] = {0}, k[64];
  memcpy(s, sig + 32, 32);
  // Only the least of the numbers that would do is a signature's.
  scalar(k, NULL, NULL, s);
  ge_p3 point;
  if (!cc_equal(k, s, 32) || !x25519_ge_frombytes_vartime(&point, pub)) return 0;
  ge_cached multiples[2][8];
  odd_multiples(multiples[0], &point);
  base_point(&point);
  odd_multiples(multiples[1], &point);
  ed25519_sha512(k, sig, 32, pub, 32, m, n, NULL, 0);
  scalar(k, NULL, NULL, k);
  // What it is all about is public, so it may take as long as it takes: s times the base point less k times the key's.
  signed char digits[2][256];
  slide(digits[0], k);
  slide(digits[1], s);
  ge_p2 R;
  ge_p2_0(&R);
  for (int i = 255; i >= 0; i--) {
    ge_p1p1 sum;
    ge_p2_dbl(&sum, &R);
    for (int j = 0; j < 2; j++) {
      int digit = j ? digits[j][i] : -digits[j][i];
      if (digit == 0) continue;
      x25519_ge_p1p1_to_p3(&point, &sum);
      if (digit > 0) x25519_ge_add(&sum, &point, &multiples[j][digit / 2]);
      else x25519_ge_sub(&sum, &point, &multiples[j][-digit / 2]);
    }
    x25519_ge_p1p1_to_p2(&R, &sum);
  }
  x25519_ge_tobytes(k, &R);
  return cc_equal(k, sig, 32);
}
