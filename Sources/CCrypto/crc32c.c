// CRC32c (RFC 3720, appendix B.4): the polynomial 0x1EDC6F41, reflected.
#include "ccrypto.h"
#include <string.h>

static uint32_t by_table(uint32_t crc, const uint8_t *p, size_t n) {
  // Of four bits each: small enough to stay in the cache of a machine that has no instruction for it.
  static const uint32_t table[16] = {
      0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
      0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
  };
  for (size_t i = 0; i < n; i++) {
    crc ^= p[i];
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return crc;
}

uint32_t cc_crc32c_table(uint32_t crc, const uint8_t *p, size_t n) { return by_table(crc, p, n); }

#if defined(__x86_64__)
#include <nmmintrin.h>

// One instruction waits three cycles for the one before it. Three streams at once keep the unit busy; each is `LANE` bytes long, and
// `shift` moves a stream's state over the bytes of the next.
#define LANE 128

static uint32_t shift_tables[4][256];

static uint32_t shifted(uint32_t crc) {
  return shift_tables[0][crc & 255] ^ shift_tables[1][crc >> 8 & 255] ^ shift_tables[2][crc >> 16 & 255] ^ shift_tables[3][crc >> 24];
}

__attribute__((constructor)) static void fill_shift_tables(void) {
  static const uint8_t zeroes[LANE];
  for (int byte = 0; byte < 4; byte++)
    for (uint32_t value = 0; value < 256; value++) shift_tables[byte][value] = by_table(value << (8 * byte), zeroes, LANE);
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t n) {
  uint64_t word, a = crc;
  while (n >= 3 * LANE) {
    uint64_t b = 0, c = 0;
    for (int i = 0; i < LANE; i += 8) {
      memcpy(&word, p + i, 8);
      a = _mm_crc32_u64(a, word);
      memcpy(&word, p + i + LANE, 8);
      b = _mm_crc32_u64(b, word);
      memcpy(&word, p + i + 2 * LANE, 8);
      c = _mm_crc32_u64(c, word);
    }
    a = shifted((uint32_t)a) ^ b;
    a = shifted((uint32_t)a) ^ c;
    p += 3 * LANE;
    n -= 3 * LANE;
  }
  for (; n >= 8; p += 8, n -= 8) {
    memcpy(&word, p, 8);
    a = _mm_crc32_u64(a, word);
  }
  uint32_t rest = (uint32_t)a;
  for (; n > 0; p++, n--) rest = _mm_crc32_u8(rest, *p);
  return rest;
}

uint32_t cc_crc32c(uint32_t crc, const uint8_t *p, size_t n) {
  return __builtin_cpu_supports("sse4.2") ? by_instruction(crc, p, n) : by_table(crc, p, n);
}

#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

uint32_t cc_crc32c(uint32_t crc, const uint8_t *p, size_t n) {
  uint64_t word;
  for (; n >= 8; p += 8, n -= 8) {
    memcpy(&word, p, 8);
    crc = __crc32cd(crc, word);
  }
  for (; n > 0; p++, n--) crc = __crc32cb(crc, *p);
  return crc;
}

#else

uint32_t cc_crc32c(uint32_t crc, const uint8_t *p, size_t n) { return by_table(crc, p, n); }

#endif
