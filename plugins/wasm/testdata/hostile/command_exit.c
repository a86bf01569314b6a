/* A WASI command that fails. */
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) void proc_exit(int status);
__attribute__((export_name("_start"))) void start(void) { proc_exit(3); }
