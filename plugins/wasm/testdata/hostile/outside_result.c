/* A result that is not in the memory. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { return (u64)0xfffffff0 << 32 | 100; }
