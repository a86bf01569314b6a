/* A WASI command that answers with what it got. */
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_read"))) int fd_read(int fd, const void *parts, int n, unsigned *got);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int fd_write(int fd, const void *parts, int n, unsigned *written);
static char text[60000];
__attribute__((export_name("_start"))) void start(void) {
    struct { void *at; unsigned len; } parts = {text, sizeof text}, note = {"reading\n", 8};
    unsigned n;
    fd_write(2, &note, 1, &n);
    fd_read(0, &parts, 1, &parts.len);
    fd_write(1, &parts, 1, &n);
}
