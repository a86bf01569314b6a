/* Has no memory for a request. */
#define NO_ALLOC
#include "guest.h"
EXPORT("petrel_alloc") void *alloc(u32 size) { return 0; }
