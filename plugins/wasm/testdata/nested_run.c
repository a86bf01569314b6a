/* Runs another action and waits for it. */
#define NO_HANDLE
#include "hostile/guest.h"
static const char op[] = "{\"op\":\"run\",\"body\":{\"action\":\"a.b\"}}";
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    if (host_call(op, sizeof op - 1) < 0 || host_reply(buffer) != 0) __builtin_trap();
    return answer(DONE);
}
