/* petrel.h: all a pack in C needs to speak to Petrel (docs/wasm-abi.md), without a C library.
 *
 * Include it in one file, and define
 *
 *   const char petrel_pack[];                 what the pack brings: a wire Pack, JSON
 *   void petrel_action(petrel_call *c);       carries out c->action
 *
 * Texts are a pointer and a length. Memory from petrel_get_memory lasts until the request
 * has been answered. JSON is never turned into a tree: petrel_find gives the part of a text
 * that is the value at a path, petrel_put and its kin write one text behind the other. */
#ifndef PETREL_H
#define PETREL_H

typedef unsigned int petrel_size;
typedef struct { const char *at; petrel_size len; } petrel_text;

/* petrel_out is a text that grows. */
typedef struct { char *at; petrel_size len, room; } petrel_out;

/* petrel_call is a request to carry out an action. Write the result, a JSON value, to out;
 * or say with petrel_fail why there is none. */
typedef struct {
    petrel_text action, params, config;
    petrel_out out;
    petrel_text failed; /* a wire Error, JSON; empty: done */
} petrel_call;

extern const char petrel_pack[];
void petrel_action(petrel_call *c);

#define PETREL_EXPORT(name) __attribute__((export_name(name)))
#define PETREL_IMPORT(name) __attribute__((import_module("petrel"), import_name(name)))

PETREL_IMPORT("host_call") int petrel_host_call(const char *op, petrel_size len);
PETREL_IMPORT("host_reply") int petrel_host_reply(char *to);

/* --- memory: one piece behind the other, all of it free again when nothing is in use --- */

extern unsigned char __heap_base;
static unsigned long petrel_top;
static petrel_size petrel_in_use;

PETREL_EXPORT("petrel_alloc") void *petrel_alloc(petrel_size size) {
    if (petrel_in_use == 0) petrel_top = ((unsigned long)&__heap_base + 15) & ~15ul;
    unsigned long long end = (unsigned long long)petrel_top + size;
    unsigned long long have = (unsigned long long)__builtin_wasm_memory_size(0) << 16;
    if (end > have && __builtin_wasm_memory_grow(0, (unsigned long)((end - have + 0xffff) >> 16)) == (unsigned long)-1) return 0;
    void *p = (void *)petrel_top;
    petrel_top = (unsigned long)((end + 15) & ~15ull);
    petrel_in_use++;
    return p;
}

PETREL_EXPORT("petrel_free") void petrel_free(void *p, petrel_size size) {
    (void)p, (void)size;
    petrel_in_use--;
}

static petrel_size petrel_lent; /* pieces that the request is to give back */

static void *petrel_get_memory(petrel_size size) {
    void *p = petrel_alloc(size);
    if (!p) __builtin_trap();
    petrel_lent++;
    return p;
}

/* --- texts --- */

static petrel_text petrel_literal(const char *s) {
    petrel_text t = {s, 0};
    while (s[t.len]) t.len++;
    return t;
}

static int petrel_same(petrel_text a, petrel_text b) {
    if (a.len != b.len) return 0;
    for (petrel_size i = 0; i < a.len; i++)
        if (a.at[i] != b.at[i]) return 0;
    return 1;
}

static void petrel_put(petrel_out *o, petrel_text t) {
    if (o->len + t.len > o->room) {
        petrel_size room = 2 * (o->len + t.len) + 256;
        char *at = petrel_get_memory(room);
        if (o->len) __builtin_memcpy(at, o->at, o->len);
        o->at = at, o->room = room;
    }
    if (t.len) __builtin_memcpy(o->at + o->len, t.at, t.len);
    o->len += t.len;
}

static void petrel_put_literal(petrel_out *o, const char *s) { petrel_put(o, petrel_literal(s)); }

/* petrel_put_string writes a text as a JSON string. */
static void petrel_put_string(petrel_out *o, petrel_text t) {
    static const char hex[] = "0123456789abcdef";
    petrel_put_literal(o, "\"");
    for (petrel_size i = 0; i < t.len; i++) {
        char c = t.at[i], escaped[6] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
        if (c == '"' || c == '\\') petrel_put(o, (petrel_text){"\\", 1});
        if ((unsigned char)c < 0x20) petrel_put(o, (petrel_text){escaped, 6});
        else petrel_put(o, (petrel_text){t.at + i, 1});
    }
    petrel_put_literal(o, "\"");
}

static void petrel_put_number(petrel_out *o, long long n) {
    char digits[20];
    petrel_size i = sizeof digits;
    unsigned long long rest = n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n;
    do digits[--i] = (char)('0' + rest % 10), rest /= 10; while (rest);
    if (n < 0) petrel_put_literal(o, "-");
    petrel_put(o, (petrel_text){digits + i, sizeof digits - i});
}

static petrel_text petrel_written(petrel_out o) { return (petrel_text){o.at, o.len}; }

/* --- reading JSON that the host wrote, which is well-formed --- */

static const char *petrel_skip_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r' || *p == ',' || *p == ':')) p++;
    return p;
}

static const char *petrel_skip_value(const char *p, const char *end) {
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '"') {
            for (p++; p < end && *p != '"'; p++)
                if (*p == '\\') p++;
            if (!depth) return p + 1;
        } else if (*p == '{' || *p == '[') depth++;
        else if (*p == '}' || *p == ']') {
            if (depth == 0) return p;
            if (--depth == 0) return p + 1;
        } else if (!depth && (*p == ',' || *p == ' ' || *p == '\n')) return p;
    }
    return end;
}

/* petrel_member returns the value of one member of an object, or an empty text. */
static petrel_text petrel_member(petrel_text object, petrel_text name) {
    const char *p = object.at, *end = object.at + object.len;
    if (p == end || *p != '{') return (petrel_text){0, 0};
    for (p = petrel_skip_space(p + 1, end); p < end && *p == '"'; p = petrel_skip_space(p, end)) {
        const char *key = p + 1;
        p = petrel_skip_value(p, end);
        petrel_text have = {key, (petrel_size)(p - key - 1)};
        const char *value = petrel_skip_space(p, end);
        p = petrel_skip_value(value, end);
        if (petrel_same(have, name)) return (petrel_text){value, (petrel_size)(p - value)};
    }
    return (petrel_text){0, 0};
}

/* petrel_find returns the value at a path such as "call.params.name", or an empty text. */
static petrel_text petrel_find(petrel_text json, const char *path) {
    while (json.len && *path) {
        petrel_text name = {path, 0};
        while (path[name.len] && path[name.len] != '.') name.len++;
        json = petrel_member(json, name);
        path += name.len;
        if (*path == '.') path++;
    }
    return json;
}

static unsigned petrel_hex4(const char *p) {
    unsigned n = 0;
    for (int i = 0; i < 4; i++) n = n << 4 | (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return n;
}

static void petrel_put_rune(petrel_out *o, unsigned r) {
    char b[4];
    petrel_size n = r < 0x80 ? 1 : r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
    for (petrel_size i = n; i-- > 1; r >>= 6) b[i] = (char)(0x80 | (r & 0x3f));
    b[0] = (char)(n == 1 ? r : (0xf0u << (4 - n) & 0xff) | r);
    petrel_put(o, (petrel_text){b, n});
}

/* petrel_string returns what a JSON string says; empty if it is none. */
static petrel_text petrel_string(petrel_text json) {
    petrel_out o = {0, 0, 0};
    if (json.len < 2 || json.at[0] != '"') return (petrel_text){0, 0};
    for (const char *p = json.at + 1, *end = json.at + json.len - 1; p < end; p++) {
        if (*p != '\\') { petrel_put(&o, (petrel_text){p, 1}); continue; }
        switch (*++p) {
        case 'n': petrel_put_literal(&o, "\n"); break;
        case 't': petrel_put_literal(&o, "\t"); break;
        case 'r': petrel_put_literal(&o, "\r"); break;
        case 'b': petrel_put_literal(&o, "\b"); break;
        case 'f': petrel_put_literal(&o, "\f"); break;
        case 'u': {
            unsigned r = petrel_hex4(p + 1);
            p += 4;
            if (r >> 10 == 0x36 && end - p > 6) r = 0x10000 + ((r & 0x3ff) << 10 | (petrel_hex4(p + 3) & 0x3ff)), p += 6;
            petrel_put_rune(&o, r);
            break;
        }
        default: petrel_put(&o, (petrel_text){p, 1});
        }
    }
    return petrel_written(o);
}

/* petrel_number returns a whole number; 0 if there is none. */
static long long petrel_number(petrel_text t) {
    long long n = 0;
    petrel_size i = t.len && t.at[0] == '-';
    for (; i < t.len && t.at[i] >= '0' && t.at[i] <= '9'; i++) n = 10 * n + (t.at[i] - '0');
    return t.len && t.at[0] == '-' ? -n : n;
}

/* petrel_bytes returns what a JSON string of base64 says. */
static petrel_text petrel_bytes(petrel_text json) {
    char *to = petrel_get_memory(json.len), *p = to;
    unsigned bits = 0, have = 0;
    for (petrel_size i = 0; i < json.len; i++) {
        char c = json.at[i];
        int v = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
        if (v < 0) continue;
        bits = bits << 6 | (unsigned)v, have += 6;
        if (have >= 8) *p++ = (char)(bits >> (have -= 8));
    }
    return (petrel_text){to, (petrel_size)(p - to)};
}

/* --- the host --- */

/* petrel_ask has the host carry out an operation; the answer is a wire Reply. */
static petrel_text petrel_ask(petrel_text op) {
    int len = petrel_host_call(op.at, op.len);
    if (len < 0) return petrel_literal("{\"error\":{\"kind\":\"canceled\",\"message\":\"the host refuses to go on\"}}");
    char *at = petrel_get_memory((petrel_size)len);
    petrel_host_reply(at);
    return (petrel_text){at, (petrel_size)len};
}

/* petrel_kv does "get" (answers the value), "set" or "delete"; *error is a wire Error. */
static petrel_text petrel_kv(const char *what, const char *key, petrel_text value, petrel_text *error) {
    petrel_out o = {0, 0, 0};
    petrel_put_literal(&o, "{\"op\":\"kv\",\"body\":{\"do\":\"");
    petrel_put_literal(&o, what);
    petrel_put_literal(&o, "\",\"key\":");
    petrel_put_string(&o, petrel_literal(key));
    petrel_put_literal(&o, ",\"value\":");
    petrel_put_string(&o, value);
    petrel_put_literal(&o, "}}");
    petrel_text reply = petrel_ask(petrel_written(o));
    *error = petrel_find(reply, "error");
    return petrel_string(petrel_find(reply, "body.value"));
}

typedef struct { long long status; petrel_text body, error; } petrel_response;

/* petrel_http_get fetches a URL; error is a wire Error, empty when there is an answer. */
static petrel_response petrel_http_get(petrel_text url) {
    petrel_out o = {0, 0, 0};
    petrel_put_literal(&o, "{\"op\":\"http\",\"body\":{\"method\":\"GET\",\"url\":");
    petrel_put_string(&o, url);
    petrel_put_literal(&o, "}}");
    petrel_text reply = petrel_ask(petrel_written(o));
    petrel_response r = {petrel_number(petrel_find(reply, "body.status")), petrel_bytes(petrel_find(reply, "body.body")), petrel_find(reply, "error")};
    return r;
}

/* petrel_log writes a line to the execution's log. */
static void petrel_log(const char *level, petrel_text message) {
    petrel_out o = {0, 0, 0};
    petrel_put_literal(&o, "{\"op\":\"log\",\"body\":{\"level\":\"");
    petrel_put_literal(&o, level);
    petrel_put_literal(&o, "\",\"message\":");
    petrel_put_string(&o, message);
    petrel_put_literal(&o, "}}");
    petrel_ask(petrel_written(o));
}

/* petrel_fail ends the action with a message; kind is one of the wire's, such as "failed". */
static void petrel_fail(petrel_call *c, const char *kind, petrel_text message) {
    petrel_out o = {0, 0, 0};
    petrel_put_literal(&o, "{\"kind\":\"");
    petrel_put_literal(&o, kind);
    petrel_put_literal(&o, "\",\"message\":");
    petrel_put_string(&o, message);
    petrel_put_literal(&o, "}");
    c->failed = petrel_written(o);
}

/* --- what the host calls --- */

PETREL_EXPORT("petrel_abi_version") int petrel_abi_version(void) { return 1; }

static void petrel_answer_call(petrel_out *o, petrel_text request) {
    petrel_call c = {petrel_string(petrel_find(request, "call.action")), petrel_find(request, "call.params"),
                     petrel_find(request, "call.config"), {0, 0, 0}, {0, 0}};
    petrel_action(&c);
    petrel_put_literal(o, "{\"result\":{");
    if (c.failed.len) petrel_put_literal(o, "\"error\":"), petrel_put(o, c.failed);
    else petrel_put_literal(o, "\"value\":"), petrel_put(o, c.out.len ? petrel_written(c.out) : petrel_literal("null"));
    petrel_put_literal(o, "}}");
}

PETREL_EXPORT("petrel_handle") unsigned long long petrel_handle(const char *at, petrel_size len) {
    petrel_text request = {at, len}, method = petrel_find(request, "method");
    petrel_out o = {0, 0, 0};
    if (petrel_same(method, petrel_literal("\"call\""))) petrel_answer_call(&o, request);
    else if (petrel_same(method, petrel_literal("\"describe\""))) {
        petrel_put_literal(&o, "{\"pack\":");
        petrel_put_literal(&o, petrel_pack);
        petrel_put_literal(&o, "}");
    } else petrel_put_literal(&o, "{\"error\":{\"kind\":\"invalid\",\"message\":\"this pack has no sensors\"}}");
    /* Back goes what was lent, but for the answer, which the host frees, and the request. */
    petrel_in_use -= petrel_lent; /* less one, and one more */
    petrel_lent = 0;
    return (unsigned long long)(petrel_size)o.at << 32 | o.len;
}

#endif
