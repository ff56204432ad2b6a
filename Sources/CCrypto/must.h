// Where a library can fail only for want of memory or by misuse, there is no answer to that.
#pragma once
#include <stdlib.h>

static inline void must(int ok) { if (ok != 1) abort(); }
