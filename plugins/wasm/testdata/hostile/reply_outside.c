/* Wants the reply where there is no memory. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    host_call(CLOCK, sizeof CLOCK - 1);
    host_reply((void *)0xfffffff0);
    return answer(DONE);
}
