/* poll_table.c: as poll, by a pointer. */
#define NO_HANDLE
#include "guest.h"
typedef int (*polls)(void *in, void *out, u32 n, void *events);
IMPORT("wasi_snapshot_preview1", "poll_oneoff") int poll_oneoff(void *in, void *out, u32 n, void *events);
polls volatile which = poll_oneoff;
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    __builtin_wasm_memory_grow(0, 960);
    for (;;) which((void *)(1 << 17), (void *)(1 << 17), 1300000, (void *)(1 << 16));
}
