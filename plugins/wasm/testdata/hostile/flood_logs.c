/* Logs for ever. */
#define NO_HANDLE
#include "guest.h"
static char op[60000] = "{\"op\":\"log\",\"body\":{\"level\":\"info\",\"message\":\"";
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    u32 n = 0;
    while (op[n]) n++;
    for (; n < sizeof op - 3; n++) op[n] = 'x';
    op[n++] = '"', op[n++] = '}', op[n++] = '}';
    for (;;) host_call(op, n);
}
