/* Asks the host while the host asks for memory. */
#define NO_ALLOC
#include "guest.h"
EXPORT("petrel_alloc") void *alloc(u32 size) {
    if (host_call(CLOCK, sizeof CLOCK - 1) >= 0) host_reply(buffer + 1024);
    return buffer;
}
