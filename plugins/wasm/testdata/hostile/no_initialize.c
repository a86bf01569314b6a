/* Needs an initialisation that it does not export. */
#define NO_VERSION
#include "guest.h"
static u32 initialised;
EXPORT("petrel_abi_version") int version(void) { if (!*(volatile u32 *)&initialised) __builtin_trap(); return 1; }
