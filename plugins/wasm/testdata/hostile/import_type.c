/* Imports a host function with a type that it has not. */
#include "guest.h"
IMPORT("petrel", "host_reply") int host_reply_64(u64 to);
EXPORT("more") int more(void) { return host_reply_64(1); }
