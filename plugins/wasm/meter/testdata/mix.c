/* A bit of everything that instructions are made of. */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(name)))
static unsigned char bytes[4096];
static unsigned (*volatile table[3])(unsigned);

static unsigned twice(unsigned n) { return n * 2; }
static unsigned half(unsigned n) { return n / 2; }
static unsigned next(unsigned n) { return n * 3 + 1; }

EXPORT("mix") unsigned mix(unsigned n, double x, float y, unsigned long long l) {
    table[0] = twice, table[1] = half, table[2] = next;
    for (unsigned i = 0; i < 100; i++) {
        n = table[(n + i) % 3](n);
        switch (n % 7) {
        case 0: n ^= 0x12345678; break;
        case 1: l = l << 13 ^ n; break;
        case 2: x = x * 1.5 + n; break;
        case 3: y = __builtin_sqrtf(y + (float)n); break;
        case 4: n += (unsigned)(int)(x > 1e9 ? 1e9 : x); break;
        case 5: bytes[n % sizeof bytes] = (unsigned char)l; break;
        default: __builtin_memset(bytes + n % 2048, (int)n, 1000 + n % 1000);
        }
    }
    __builtin_memcpy(bytes, bytes + 1024, n % 1024);
    v128_t v = wasm_i8x16_splat((signed char)n);
    for (unsigned i = 0; i < sizeof bytes; i += 16) {
        v = wasm_i8x16_add(v, wasm_v128_load(bytes + i));
        v = wasm_i8x16_shuffle(v, wasm_i32x4_mul(v, v), 0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31);
        v = wasm_u16x8_avgr(v, wasm_i32x4_const(1, 2, 3, 4));
        v = wasm_i64x2_shl(v, i % 3);
    }
    return n ^ (unsigned)l ^ (unsigned)(int)y ^ (unsigned)wasm_i32x4_extract_lane(v, 0) ^ (unsigned)wasm_i32x4_extract_lane(v, 3);
}
