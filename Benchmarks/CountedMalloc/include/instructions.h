#pragma once

/// Whether the process runs under Valgrind, which takes fifty times as long.
int counted_is_simulated(void);

/// Callgrind counts the instructions of all threads from here on, if it was started with `--instr-atstart=no`.
void counted_begin(void);

/// Callgrind stops counting, and writes its profile with this title.
void counted_end(const char *title);
