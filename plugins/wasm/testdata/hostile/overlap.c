/* Has the reply written over the operation, and answers in the same place: all allowed. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    const char *op = CLOCK, *done = DONE;
    u32 n = 0;
    for (; op[n]; n++) p[n] = op[n];
    if (host_call(p, n) < 0) __builtin_trap();
    if (host_reply(p) != 0) __builtin_trap();
    for (n = 0; done[n]; n++) p[n] = done[n];
    return (u64)(u32)p << 32 | n;
}
