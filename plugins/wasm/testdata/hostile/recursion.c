/* Years of work without a loop: wazero's own checks never look. */
#define NO_HANDLE
#include "guest.h"
NOINLINE u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { return fib(size + 90); }
