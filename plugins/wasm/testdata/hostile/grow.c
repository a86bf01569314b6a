/* Takes and touches all the memory it can get. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    for (;;) {
        u32 at = (u32)__builtin_wasm_memory_grow(0, 1);
        if (at == (u32)-1) __builtin_trap();
        for (u32 i = 0; i < 1 << 16; i += 4096) ((volatile char *)(at << 16))[i] = 1;
    }
}
