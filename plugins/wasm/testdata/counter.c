/* Answers a call with how many it has served. */
#define NO_HANDLE
#include "hostile/guest.h"
static u32 served;
EXPORT("petrel_handle") u64 handle(char *p, u32 size) {
    static char text[] = "{\"result\":{\"value\":0}}";
    text[19] = (char)('0' + ++served % 10);
    return answer(text);
}
