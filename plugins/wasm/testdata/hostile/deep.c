/* Recursion until the stack ends. */
#define NO_HANDLE
#include "guest.h"
NOINLINE u64 down(volatile u64 *n) { u64 here = *n + 1; return down(&here) + here; }
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { u64 n = 0; return down(&n); }
