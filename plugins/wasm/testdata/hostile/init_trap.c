/* Traps in its initialisation. */
#include "guest.h"
EXPORT("_initialize") void initialize(void) { __builtin_trap(); }
