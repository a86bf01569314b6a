/* Exports a function of another type. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u32 handle(char *p, u32 size) { return 0; }
