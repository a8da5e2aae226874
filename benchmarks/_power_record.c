/* A library for LD_PRELOAD that records what a process writes below a folder, and what it syncs.
 *
 * POWER_RECORD_FOLDER is the real path of the folder, POWER_RECORD_LOG that of the log, a file
 * outside of it. Child processes inherit both and write into the same log. A process that sets them
 * after its start calls power_record_begin(). power_record_tell() puts a message into the log.
 * POWER_RECORD_SLOW_US makes every sync take so much longer, as on a slow disk: then other threads
 * write more before it returns.
 *
 * The order: each call is made and recorded under one lock of its process, and each record is a
 * single write() to a file opened with O_APPEND. So the records of all threads and processes stand
 * in the order in which their calls returned. Of a sync the beginning and the end are recorded:
 * once it has returned, whatever was written before it began is on the disk.
 *
 * Not recorded: writes through a memory map, and those of stdio (fopen). SQLite maps only its -shm
 * file, which it rebuilds after a crash. After each recording the log is replayed and compared with
 * the folder, which would show anything else that was missed. Calls that cannot be replayed, such
 * as link(), are recorded as UNKNOWN, and the replay refuses them.
 *
 * All calls are made with syscall(), so that nothing of the C library is needed that this library
 * replaces.
 */
#include "_power_record.h"

#define LOG_DESCRIPTOR 1000

uint64_t power_inodes[DESCRIPTORS];
long power_slow_us;
static dev_t device; /* that the folder is on */
static char folder[PATH_MAX];
static size_t folder_bytes;
static int log_descriptor = -1;
static pid_t own_pid;
pthread_mutex_t power_lock = PTHREAD_MUTEX_INITIALIZER;

/* Not a child of vfork(): it shares the table with its parent, whose descriptors stay open. */
int power_records(void) { return log_descriptor >= 0 && syscall(SYS_getpid) == own_pid; }

int power_tracks(int descriptor)
{
    struct stat status;
    if (descriptor < 0 || descriptor >= DESCRIPTORS || !power_inodes[descriptor] ||
        !power_records())
        return 0;
    /* The C library closes some descriptors itself (closedir); their numbers are reused. */
    int before = errno;
    int same = !fstat(descriptor, &status) && status.st_ino == power_inodes[descriptor] &&
               status.st_dev == device;
    errno = before;
    if (!same)
        power_inodes[descriptor] = 0;
    return same;
}

void power_note(uint32_t kind, uint64_t inode, uint64_t offset, uint64_t size, uint32_t flags,
                 const char *path, const char *other, const struct iovec *data, int parts,
                 size_t data_bytes)
{
    int before = errno;
    struct head head = {kind, path ? strlen(path) : 0, other ? strlen(other) : 0, flags,
                        inode, offset, size, data_bytes};
    size_t bytes = sizeof head + head.path_bytes + head.other_bytes + data_bytes;
    char *record = malloc(bytes), *at = record;
    if (!record)
        abort();
    at = mempcpy(at, &head, sizeof head);
    at = mempcpy(at, path ? path : "", head.path_bytes);
    at = mempcpy(at, other ? other : "", head.other_bytes);
    for (int part = 0; part < parts && data_bytes; part++) {
        size_t length = data[part].iov_len < data_bytes ? data[part].iov_len : data_bytes;
        at = mempcpy(at, data[part].iov_base, length);
        data_bytes -= length;
    }
    /* The replay of a log with a gap would be wrong. */
    if (syscall(SYS_write, log_descriptor, record, bytes) != (long)bytes)
        abort();
    free(record);
    errno = before;
}

void power_record_tell(const char *text)
{
    struct iovec data = {(void *)text, strlen(text)};
    pthread_mutex_lock(&power_lock);
    if (log_descriptor >= 0)
        power_note(TELL, 0, 0, 0, 0, NULL, NULL, &data, 1, data.iov_len);
    pthread_mutex_unlock(&power_lock);
}

void power_record_begin(void)
{
    const char *where = getenv("POWER_RECORD_FOLDER"), *log = getenv("POWER_RECORD_LOG");
    const char *slow = getenv("POWER_RECORD_SLOW_US");
    own_pid = syscall(SYS_getpid);
    struct stat status;
    if (!where || !log || strlen(where) >= sizeof folder || stat(where, &status))
        return;
    device = status.st_dev;
    strcpy(folder, where);
    folder_bytes = strlen(folder);
    power_slow_us = slow ? atol(slow) : 0;
    int made = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* A high number, because some programs close the low ones. */
    log_descriptor = syscall(SYS_fcntl, made, F_DUPFD_CLOEXEC, LOG_DESCRIPTOR);
    if (log_descriptor < 0)
        abort();
    syscall(SYS_close, made);
}

static void before_fork(void) { pthread_mutex_lock(&power_lock); }
static void in_parent(void) { pthread_mutex_unlock(&power_lock); }
static void in_child(void)
{
    own_pid = syscall(SYS_getpid);
    pthread_mutex_unlock(&power_lock);
}

__attribute__((constructor)) static void load(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
    power_record_begin();
}

/* Normalise a path; return whether it is recorded: in the folder, or the folder itself. */
int power_absolute(int at, const char *path, char *found)
{
    char raw[2 * PATH_MAX], link[64];
    size_t length = 0;
    if (log_descriptor < 0 || !path)
        return 0;
    if (path[0] != '/') {
        snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
        long bytes = syscall(SYS_readlinkat, AT_FDCWD, link, raw, PATH_MAX - 1);
        if (bytes < 0)
            return 0;
        length = bytes;
    }
    snprintf(raw + length, sizeof raw - length, "/%s", path);
    char *end = found, *rest = raw, *step;
    while ((step = strsep(&rest, "/"))) {
        if (!*step || !strcmp(step, "."))
            continue;
        if (!strcmp(step, "..")) {
            while (end > found && *--end != '/')
                ;
            continue;
        }
        if (end + strlen(step) + 2 > found + PATH_MAX)
            return 0;
        *end++ = '/';
        end = stpcpy(end, step);
    }
    *end = 0;
    if (strncmp(found, folder, folder_bytes) || (found[folder_bytes] && found[folder_bytes] != '/'))
        return 0;
    return power_records();
}

uint64_t power_inode_at(const char *path)
{
    struct stat status;
    return fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) ? 0 : status.st_ino;
}

void power_unknown(const char *what, const char *path)
{
    power_note(UNKNOWN, 0, 0, 0, 0, what, path, NULL, 0, 0);
}
