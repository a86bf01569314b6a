/* Asks with an operation of 32 MiB; the refusal is a reply. */
#define NO_HANDLE
#include "guest.h"
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    __builtin_wasm_memory_grow(0, 600);
    if (host_call(p, 32 << 20) < 0) __builtin_trap();
    return answer(DONE);
}
