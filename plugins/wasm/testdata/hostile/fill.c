/* Moves the whole memory again and again, without a loop. */
#define NO_HANDLE
#include "guest.h"
NOINLINE u32 fill(u32 n) {
    u32 size = (u32)__builtin_wasm_memory_size(0) << 16;
    __builtin_memcpy((char *)(size / 2), (char *)0, size / 2);
    return n == 0 ? 0 : fill(n - 1) + fill(n - 1);
}
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    __builtin_wasm_memory_grow(0, 1000);
    return fill(60);
}
