// Tells the thread sanitizer of a lock that had to be waited for. Swift's Mutex is inlined, and so instrumented, where nobody holds it;
// where somebody does, it locks and unlocks by these two functions of libswiftSynchronization, which is not. Linked into the tests, they
// come before the library's, which they call.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*Lock)(uint32_t thread, SELF void *mutex);
typedef SWIFT void (*Unlock)(SELF void *mutex);

static Lock libraryLock;
static Unlock libraryUnlock;

__attribute__((constructor)) static void find(void) {
  libraryLock = (Lock)dlsym(RTLD_NEXT, LOCK);
  libraryUnlock = (Unlock)dlsym(RTLD_NEXT, UNLOCK);
  if (!libraryLock || !libraryUnlock) abort();
}

SWIFT void lockSlow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void unlockSlow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lockSlow(uint32_t thread, SELF void *mutex) {
  libraryLock(thread, mutex);
  __tsan_acquire(mutex);
}

SWIFT void unlockSlow(SELF void *mutex) {
  __tsan_release(mutex);
  libraryUnlock(mutex);
}
