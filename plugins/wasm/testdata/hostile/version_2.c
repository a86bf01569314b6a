/* Of another version of the ABI. */
#define NO_VERSION
#include "guest.h"
EXPORT("petrel_abi_version") int version(void) { return 2; }
