/* Recursion that uses nothing of the memory, only the machine's stack. */
#define NO_HANDLE
#include "guest.h"
NOINLINE u64 down(u64 n) { return n == ~0ull ? 0 : down(n + 1) * 3 + n; }
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { return down(size); }
