/* A WASI command that never ends. */
static volatile int n;
__attribute__((export_name("_start"))) void start(void) { for (;;) n++; }
