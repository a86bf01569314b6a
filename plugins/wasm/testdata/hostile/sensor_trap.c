/* Counts its turns, and traps in the third. */
#define NO_HANDLE
#include "guest.h"
static u32 turns;
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    if (++turns == 3) __builtin_trap();
    return answer("{}");
}
