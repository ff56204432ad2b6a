#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Swift imports no function-like macros: each one in use has a function here.
static inline int cw_ctx_set_min_tls12(SSL_CTX *c) { return (int)SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION); }
static inline void cw_ctx_set_modes(SSL_CTX *c) {
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(c, 0);
}
static inline int cw_set_server_name(SSL *s, const char *name) { return (int)SSL_set_tlsext_host_name(s, name); }
static inline int cw_general_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
// The value of a name of type DNS or IP; NULL: it is of another type.
static inline const ASN1_STRING *cw_general_name(const GENERAL_NAMES *names, int index, int *kind) {
    const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), kind);
    return *kind == GEN_DNS || *kind == GEN_IPADD ? (const ASN1_STRING *)value : NULL;
}
static inline void cw_bio_clear_retry(BIO *b) { BIO_clear_retry_flags(b); }
static inline void cw_bio_set_retry_read(BIO *b) { BIO_set_retry_read(b); }

// DTLS
static inline int cw_ctx_set_dtls12(SSL_CTX *c) {
    return (int)(SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) && SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION));
}
static inline void cw_ctx_set_dtls_modes(SSL_CTX *c, long longest_certificates, long longest_packet) {
    SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
                               | SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_max_cert_list(c, longest_certificates);
    SSL_CTX_set_max_send_fragment(c, longest_packet);
}
static inline int cw_ctx_set_groups(SSL_CTX *c, const char *list) { return (int)SSL_CTX_set1_groups_list(c, list); }
static inline int cw_set_mtu(SSL *s, long size) { return (int)SSL_set_mtu(s, size); }
