/* Asks for ever, whatever the host says. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { for (;;) host_call(CLOCK, sizeof CLOCK - 1); }
