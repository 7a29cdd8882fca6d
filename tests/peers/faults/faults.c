/* Fails one call of the process that it is loaded into (LD_PRELOAD) upon a file of a store.
 *
 *   FAULT_CALL    write or sync: calls of which kind are counted
 *   FAULT_AT      which of them fails, from 1; 0 for none
 *   FAULT_IS      EIO: this one fails. ENOSPC: this write and all behind it fail. SHORT: half of this write is done,
 *                 and all behind it fail with ENOSPC
 *   FAULT_LOG     a file that is told when it fails, and at the end how many calls there were
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { WRITE, SYNC };
enum fate { DONE, FAILS, HALF };

static enum kind wanted;
static long fails_at, counted;
static const char *fault = "", *told = "";
static int full;

static void tell(const char *what, const char *of)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s %ld %s\n", what, counted, of);
    int log = syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (0 <= log) {
        syscall(SYS_write, log, line, (size_t)length);
        syscall(SYS_close, log);
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *call = getenv("FAULT_CALL"), *at = getenv("FAULT_AT");
    wanted = call && !strcmp(call, "sync") ? SYNC : WRITE;
    fails_at = at ? atol(at) : 0;
    fault = getenv("FAULT_IS") ? getenv("FAULT_IS") : "";
    told = getenv("FAULT_LOG") ? getenv("FAULT_LOG") : "";
}

__attribute__((destructor)) static void end(void)
{
    tell("counted", "");
}

static enum fate fate(int file, enum kind kind)
{
    char link[64], path[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return DONE;
    path[length] = 0;
    if (!strstr(path, "/store/nuncio.") && !(kind == SYNC && strstr(path, "/store")))
        return DONE;
    if (kind == WRITE && __atomic_load_n(&full, __ATOMIC_SEQ_CST)) {
        errno = ENOSPC;
        return FAILS;
    }
    if (kind != wanted || __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST) != fails_at)
        return DONE;
    tell("struck", path);
    if (!strcmp(fault, "EIO")) {
        errno = EIO;
        return FAILS;
    }
    __atomic_store_n(&full, 1, __ATOMIC_SEQ_CST);
    errno = ENOSPC;
    return strcmp(fault, "SHORT") ? FAILS : HALF;
}

ssize_t pwrite64(int file, const void *octets, size_t length, off64_t at)
{
    enum fate it = fate(file, WRITE);
    return it == FAILS ? -1 : syscall(SYS_pwrite64, file, octets, it == HALF ? length / 2 : length, at);
}

ssize_t pwrite(int file, const void *octets, size_t length, off_t at)
{
    return pwrite64(file, octets, length, at);
}

int ftruncate64(int file, off64_t length)
{
    return fate(file, WRITE) == DONE ? syscall(SYS_ftruncate, file, length) : -1;
}

int ftruncate(int file, off_t length)
{
    return ftruncate64(file, length);
}

int fdatasync(int file)
{
    return fate(file, SYNC) == DONE ? syscall(SYS_fdatasync, file) : -1;
}

int fsync(int file)
{
    return fate(file, SYNC) == DONE ? syscall(SYS_fsync, file) : -1;
}
