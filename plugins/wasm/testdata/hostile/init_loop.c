/* Never gets through its initialisation. */
#include "guest.h"
static volatile int n;
EXPORT("_initialize") void initialize(void) { for (;;) n++; }
