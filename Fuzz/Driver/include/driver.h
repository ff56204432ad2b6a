#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer's loop over `body` with the program's arguments.
int runFuzzer(int count, char **_Nullable arguments, int (*_Nonnull body)(const uint8_t *_Nonnull, size_t));
