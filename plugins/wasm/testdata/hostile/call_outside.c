/* Asks with an operation that is not in the memory. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    host_call((void *)0xfffffff0, 100);
    return answer(DONE);
}
