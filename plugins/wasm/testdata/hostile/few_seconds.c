/* As recursion, for a few seconds. */
#define NO_HANDLE
#include "guest.h"
NOINLINE u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    buffer[0] = (unsigned char)fib(41 + size / 1000000);
    return answer(DONE);
}
