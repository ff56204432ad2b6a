// ChaCha20-Poly1305 by libgcrypt, which is looked for when the program runs: one binary then serves machines with and without it, building
// needs nothing of it, and a static program (where there is no dlopen) does without. What is declared here belongs to its ABI, libgcrypt.so.20.
#include "aead.h"
#include <dlfcn.h>

typedef void *Handle;
enum { chacha20 = 316, poly1305_mode = 10, initialization_finished = 38, is_initialized = 39 };

static struct {
  const char *(*check_version)(const char *least);
  unsigned (*control)(int command, ...);
  unsigned (*cipher_open)(Handle *, int algorithm, int mode, unsigned flags);
  void (*cipher_close)(Handle);
  unsigned (*setkey)(Handle, const void *, size_t);
  unsigned (*setiv)(Handle, const void *, size_t);
  unsigned (*authenticate)(Handle, const void *, size_t);
  unsigned (*encrypt)(Handle, void *out, size_t, const void *in, size_t);
  unsigned (*decrypt)(Handle, void *out, size_t, const void *in, size_t);
  unsigned (*gettag)(Handle, void *, size_t);
  unsigned (*checktag)(Handle, const void *, size_t);
} library;

static void *make(void) {
  Handle handle;
  must(library.cipher_open(&handle, chacha20, poly1305_mode, 0) == 0);
  return handle;
}
static void release(void *handle) { library.cipher_close(handle); }

static void begin(Handle h, const uint8_t *key, const uint8_t *nonce, const uint8_t *ad, size_t ad_n) {
  must(library.setkey(h, key, 32) == 0);
  must(library.setiv(h, nonce, 12) == 0);
  if (ad_n) must(library.authenticate(h, ad, ad_n) == 0);
}
static void seal_message(void *h, uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                         const uint8_t *p, size_t n) {
  begin(h, key, nonce, ad, ad_n);
  if (n) must(library.encrypt(h, out, n, p, n) == 0);
  must(library.gettag(h, out + n, 16) == 0);
}
static int open_message(void *h, uint8_t *out, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *ad, size_t ad_n,
                        const uint8_t *p, size_t n) {
  begin(h, key, nonce, ad, ad_n);
  if (n > 16) must(library.decrypt(h, out, n - 16, p, n - 16) == 0);
  return library.checktag(h, p + n - 16, 16) == 0;
}

static const AEADEngine engine = {"libgcrypt", make, release, seal_message, open_message};

static int load(void) {
#if defined(__APPLE__)
  void *file = dlopen("libgcrypt.20.dylib", RTLD_NOW | RTLD_LOCAL);
#else
  void *file = dlopen("libgcrypt.so.20", RTLD_NOW | RTLD_LOCAL);
#endif
  if (!file) return 0;
  const struct { const char *name; void *place; } functions[] = {
      {"gcry_check_version", &library.check_version}, {"gcry_control", &library.control},
      {"gcry_cipher_open", &library.cipher_open},     {"gcry_cipher_close", &library.cipher_close},
      {"gcry_cipher_setkey", &library.setkey},        {"gcry_cipher_setiv", &library.setiv},
      {"gcry_cipher_authenticate", &library.authenticate},
      {"gcry_cipher_encrypt", &library.encrypt},      {"gcry_cipher_decrypt", &library.decrypt},
      {"gcry_cipher_gettag", &library.gettag},        {"gcry_cipher_checktag", &library.checktag},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *function = dlsym(file, functions[i].name);
    if (!function) return 0;
    *(void **)functions[i].place = function;
  }
  return 1;
}

const AEADEngine *cc_aead_gcrypt(void) {
  if (!load()) return NULL;
  // An application that uses the library itself has set it up in its own way.
  if (library.control(is_initialized) == 0) {
    if (!library.check_version("1.8.0")) return NULL;
    library.control(initialization_finished, 0);
  }
  Handle handle;
  if (library.cipher_open(&handle, chacha20, poly1305_mode, 0) != 0) return NULL;
  library.cipher_close(handle);
  return &engine;
}
