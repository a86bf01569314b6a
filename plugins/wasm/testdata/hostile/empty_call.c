/* Asks for nothing, with a pointer to nowhere; a reply that is not there; all refused. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    if (host_reply(buffer) != -1) __builtin_trap();
    if (host_call((void *)0, 0) < 0) __builtin_trap(); /* an error reply */
    if (host_reply(buffer) != 0) __builtin_trap();
    if (host_reply(buffer) != -1) __builtin_trap(); /* once only */
    return answer(DONE);
}
