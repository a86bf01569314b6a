/* An endless loop. */
#define NO_HANDLE
#include "guest.h"
static volatile int n;
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { for (;;) n++; }
