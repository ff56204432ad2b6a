// Keys that sign by RSA or ECDSA with SHA-256, for native programs: those of other peers, and our own.
#include "ccrypto.h"
#include "must.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

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

static EC_GROUP *group_of(CCCurve curve) {
  EC_GROUP *group = EC_GROUP_new_by_curve_name(curve == cc_p256 ? NID_X9_62_prime256v1 : NID_secp256k1);
  must(group != NULL);
  return group;
}
void *cc_key_of_scalar(CCCurve curve, const uint8_t scalar[32]) {
  EC_GROUP *group = group_of(curve);
  BIGNUM *k = BN_bin2bn(scalar, 32, BN_secure_new());
  EC_POINT *product = EC_POINT_new(group);
  must(k && product);
  BN_set_flags(k, BN_FLG_CONSTTIME);
  EVP_PKEY *key = NULL;
  if (!BN_is_zero(k) && BN_cmp(k, EC_GROUP_get0_order(group)) < 0) {
    uint8_t point[65];
    must(EC_POINT_mul(group, product, k, NULL, NULL, NULL));
    must(EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL) == 65);
    key = ec_key(curve == cc_p256 ? SN_X9_62_prime256v1 : SN_secp256k1, point, sizeof point, k);
  }
  EC_POINT_free(product);
  BN_clear_free(k);
  EC_GROUP_free(group);
  return key;
}
void cc_scalar(CCCurve curve, uint8_t scalar[32], const uint8_t entropy[48]) {
  EC_GROUP *group = group_of(curve);
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
}

void *cc_key_of_rsa(const uint8_t *der, size_t n) {
  const uint8_t *p = der;
  EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &p, (long)n);
  if (!key) return NULL;
  EVP_PKEY_CTX *x = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  must(x != NULL);
  int fits = p == der + n && EVP_PKEY_pairwise_check(x) == 1;
  EVP_PKEY_CTX_free(x);
  if (fits) return key;
  EVP_PKEY_free(key);
  return NULL;
}
void *cc_key_make_rsa(size_t bits) { return EVP_RSA_gen(bits); }
size_t cc_key_rsa(void *key, uint8_t *out) { return (size_t)i2d_PrivateKey(key, out ? &out : NULL); }
size_t cc_key_spki(void *key, uint8_t *out) { return (size_t)i2d_PUBKEY(key, out ? &out : NULL); }

// BIP 62: of the two signatures with one R, the one with the lower S. Others refuse the higher.
static void lower_s(uint8_t *sig, size_t *sig_n) {
  const uint8_t *p = sig;
  ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &p, (long)*sig_n);
  EC_GROUP *group = group_of(cc_secp256k1);
  const BIGNUM *order = EC_GROUP_get0_order(group);
  BIGNUM *s = BN_new();
  must(parts && s);
  must(BN_sub(s, order, ECDSA_SIG_get0_s(parts)));
  if (BN_cmp(s, ECDSA_SIG_get0_s(parts)) < 0) {
    BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(parts));
    must(r && ECDSA_SIG_set0(parts, r, s));
    *sig_n = (size_t)i2d_ECDSA_SIG(parts, &sig);
  } else {
    BN_free(s);
  }
  ECDSA_SIG_free(parts);
  EC_GROUP_free(group);
}
int cc_key_sign(void *key, uint8_t *sig, size_t *sig_n, const uint8_t *m, size_t n) {
  EVP_MD_CTX *x = EVP_MD_CTX_new();
  must(x != NULL);
  int ok = EVP_DigestSignInit_ex(x, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1 && EVP_DigestSign(x, sig, sig_n, m, n) == 1;
  EVP_MD_CTX_free(x);
  char curve[32] = "";
  if (ok && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 && OBJ_sn2nid(curve) == NID_secp256k1) lower_s(sig, sig_n);
  return ok;
}
size_t cc_key_signature_limit(void *key) { return (size_t)EVP_PKEY_get_size(key); }
