#pragma once

#include <stdint.h>

/// How often the process has allocated memory so far, in any library. 0: not with this C library.
uint64_t counted_allocations(void);
