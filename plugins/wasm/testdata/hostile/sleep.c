/* Sleeps for an hour, by WASI. */
#define NO_HANDLE
#include "guest.h"
IMPORT("wasi_snapshot_preview1", "poll_oneoff") int poll_oneoff(const void *subscriptions, void *events, u32 n, u32 *happened);
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    static struct { u64 data; u32 tag, pad, clock, pad2; u64 timeout, precision; u32 flags, pad3; } s = {.clock = 1, .timeout = 3600000000000ull};
    static char events[64];
    u32 happened;
    poll_oneoff(&s, events, 1, &happened);
    return answer(DONE);
}
