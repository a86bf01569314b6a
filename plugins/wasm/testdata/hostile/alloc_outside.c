/* Gives memory that it has not. */
#define NO_ALLOC
#include "guest.h"
EXPORT("petrel_alloc") void *alloc(u32 size) { return (void *)0xfffffff0; }
