/* poll.c: has the host look at a million subscriptions, again and again. */
#define NO_HANDLE
#include "guest.h"
IMPORT("wasi_snapshot_preview1", "poll_oneoff") int poll_oneoff(void *in, void *out, u32 n, void *events);
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    __builtin_wasm_memory_grow(0, 960);
    for (;;) poll_oneoff((void *)(1 << 17), (void *)(1 << 17), 1300000, (void *)(1 << 16));
}
