#include "instructions.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>

int counted_is_simulated(void) { return RUNNING_ON_VALGRIND != 0; }

void counted_begin(void) { CALLGRIND_START_INSTRUMENTATION; }

void counted_end(const char *title) {
    CALLGRIND_DUMP_STATS_AT(title);
    CALLGRIND_STOP_INSTRUMENTATION;
}
#else
int counted_is_simulated(void) { return 0; }
void counted_begin(void) {}
void counted_end(const char *title) { (void)title; }
#endif
