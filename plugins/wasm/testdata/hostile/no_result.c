/* A response without what was asked for. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { return answer("{}"); }
