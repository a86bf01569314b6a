/* A result that is nested a million times. */
#define NO_HANDLE
#include "guest.h"
static char text[1 << 20];
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    for (u32 i = 0; i < sizeof text; i++) text[i] = '[';
    return (u64)(u32)text << 32 | sizeof text;
}
