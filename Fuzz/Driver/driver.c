#include "driver.h"

extern int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*body)(const uint8_t *, size_t));

// libFuzzer's main wants this symbol to exist; what it runs is what the entry hands over.
int LLVMFuzzerTestOneInput(const uint8_t *start, size_t count) { return 0; }

int runFuzzer(int count, char **arguments, int (*body)(const uint8_t *, size_t)) { return LLVMFuzzerRunDriver(&count, &arguments, body); }
