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

void cc_ed25519_sign(uint8_t sig[64], const uint8_t *m, size_t n, const uint8_t priv[64]) {
  uint8_t key[64], r[64], k[64];
  SHA512(priv, 32, key);
  key[0] &= 248;
  key[31] = (key[31] & 63) | 64;
  ed25519_sha512(r, key + 32, 32, m, n, NULL, 0, NULL, 0);
  scalar(r, NULL, NULL, r);
  memset(r + 32, 0, 32);
  ge_p3 R;
  x25519_ge_scalarmult_base(&R, r);
  ge_p3_tobytes(sig, &R);
  ed25519_sha512(k, sig, 32, priv + 32, 32, m, n, NULL, 0);
  scalar(k, NULL, NULL, k);
  scalar(sig + 32, k, key, r);
  cc_wipe(key, sizeof key);
  cc_wipe(r, sizeof r);
  cc_wipe(&R, sizeof R);
}

int cc_ed25519_verify(const uint8_t *m, size_t n, const uint8_t sig[64], const uint8_t pub[32]) {
  uint8_t s[64] = {0}, k[64];
  memcpy(s, sig + 32, 32);
  // Only the least of the numbers that would do is a signature's.
  scalar(k, NULL, NULL, s);
  ge_p3 A;
  if (!cc_equal(k, s, 32) || !x25519_ge_frombytes_vartime(&A, pub)) return 0;
  ed25519_sha512(k, sig, 32, pub, 32, m, n, NULL, 0);
  scalar(k, NULL, NULL, k);
  fe_loose minus;
  fe_neg(&minus, &A.X);
  fe_carry(&A.X, &minus);
  fe_neg(&minus, &A.T);
  fe_carry(&A.T, &minus);
  ge_p2 R;
  ge_double_scalarmult_vartime(&R, k, &A, s);
  x25519_ge_tobytes(k, &R);
  return cc_equal(k, sig, 32);
}
