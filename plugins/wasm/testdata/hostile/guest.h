/* What every guest of the corpus has in common: a reactor that answers "done" to all it is
 * asked. A file defines NO_ALLOC, NO_FREE, NO_HANDLE or NO_VERSION for what it does itself. */
#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define NOINLINE __attribute__((noinline))

typedef unsigned int u32;
typedef unsigned long long u64;

IMPORT("petrel", "host_call") int host_call(const void *op, u32 len);
IMPORT("petrel", "host_reply") int host_reply(void *to);

static unsigned char buffer[1 << 16];

static u64 answer(const char *text) {
    u32 n = 0;
    while (text[n]) n++;
    return (u64)(u32)text << 32 | n;
}

#define DONE "{\"result\":{\"value\":\"done\"}}"
#define CLOCK "{\"op\":\"clock\"}"

#ifndef NO_VERSION
EXPORT("petrel_abi_version") int version(void) { return 1; }
#endif
#ifndef NO_ALLOC
EXPORT("petrel_alloc") void *alloc(u32 size) { return size <= sizeof buffer ? buffer : 0; }
#endif
#ifndef NO_FREE
EXPORT("petrel_free") void release(void *p, u32 size) {}
#endif
#ifndef NO_HANDLE
EXPORT("petrel_handle") u64 handle(char *p, u32 size) { return answer(DONE); }
#endif
