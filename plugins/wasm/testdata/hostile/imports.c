/* Imports what nobody offers. */
#include "guest.h"
IMPORT("env", "system") int system(const char *);
IMPORT("wasi_snapshot_preview1", "fd_explode") int explode(int);
EXPORT("more") int more(void) { return system("id") + explode(1); }
