/* Opening, closing and writing; see _power_record.c. */
#include "_power_record.h"

/* ---- opening and closing ---- */

static int open_at(int at, const char *path, int flags, mode_t mode)
{
    char full[PATH_MAX];
    if (!power_absolute(at, path, full))
        return syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&power_lock);
    int was_there = power_inode_at(full) != 0;
    int descriptor = syscall(SYS_openat, at, path, flags, mode);
    if (descriptor >= DESCRIPTORS)
        power_unknown("open", full);
    /* A file made with O_TMPFILE matters once it has a name: linkat() is recorded. */
    else if (descriptor >= 0 && (flags & O_TMPFILE) != O_TMPFILE) {
        power_inodes[descriptor] = power_inode_at(full);
        if ((flags & O_CREAT) && !was_there)
            power_note(CREATE, power_inodes[descriptor], 0, 0, 0, full, NULL, NULL, 0, 0);
        else if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY)
            power_note(TRUNCATE, power_inodes[descriptor], 0, 0, 0, NULL, NULL, NULL, 0, 0);
    }
    pthread_mutex_unlock(&power_lock);
    return descriptor;
}

#define MODE_OF(flags, mode)                                                                       \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                       \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, int);                                                                  \
        va_end(rest);                                                                              \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int at, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_at(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_at(at, path, flags | O_LARGEFILE, mode);
}
int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __openat_2(int at, const char *path, int flags) { return open_at(at, path, flags, 0); }
int __openat64_2(int at, const char *path, int flags) { return open_at(at, path, flags, 0); }
int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int descriptor)
{
    if (!power_tracks(descriptor))
        return syscall(SYS_close, descriptor);
    pthread_mutex_lock(&power_lock);
    power_inodes[descriptor] = 0;
    int answer = syscall(SYS_close, descriptor);
    pthread_mutex_unlock(&power_lock);
    return answer;
}

/* Track the copy of a descriptor like the original. */
static int copied(int descriptor, int copy)
{
    if (copy >= 0 && power_records()) {
        uint64_t inode = descriptor < DESCRIPTORS ? power_inodes[descriptor] : 0;
        if (copy < DESCRIPTORS)
            power_inodes[copy] = inode;
        else if (inode)
            power_unknown("dup", "");
    }
    return copy;
}

int dup(int descriptor) { return copied(descriptor, syscall(SYS_dup, descriptor)); }
int dup3(int descriptor, int copy, int flags)
{
    return copied(descriptor, syscall(SYS_dup3, descriptor, copy, flags));
}
int dup2(int descriptor, int copy)
{
    if (descriptor == copy)
        return syscall(SYS_fcntl, descriptor, F_GETFD) < 0 ? -1 : copy;
    return dup3(descriptor, copy, 0);
}

static int control(int descriptor, int command, void *argument)
{
    int answer = syscall(SYS_fcntl, descriptor, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(descriptor, answer) : answer;
}
int fcntl(int descriptor, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control(descriptor, command, argument);
}
int fcntl64(int descriptor, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control(descriptor, command, argument);
}

/* ---- contents ---- */

/* Write at an offset, or at the descriptor's own position with -1. */
static ssize_t write_at(int descriptor, const struct iovec *data, int parts, off_t offset)
{
    if (!power_tracks(descriptor))
        return offset < 0 ? syscall(SYS_writev, descriptor, data, parts)
                          : syscall(SYS_pwritev, descriptor, data, parts, offset, 0L);
    pthread_mutex_lock(&power_lock);
    ssize_t written = offset < 0 ? syscall(SYS_writev, descriptor, data, parts)
                                 : syscall(SYS_pwritev, descriptor, data, parts, offset, 0L);
    int before = errno;
    if (written > 0) {
        /* With O_APPEND the position is known only after the write. */
        if (offset < 0)
            offset = syscall(SYS_lseek, descriptor, 0L, SEEK_CUR) - written;
        power_note(WRITE, power_inodes[descriptor], offset, 0, 0, NULL, NULL, data, parts, written);
    }
    errno = before;
    pthread_mutex_unlock(&power_lock);
    return written;
}

ssize_t write(int descriptor, const void *data, size_t bytes)
{
    struct iovec part = {(void *)data, bytes};
    if (!power_tracks(descriptor))
        return syscall(SYS_write, descriptor, data, bytes);
    return write_at(descriptor, &part, 1, -1);
}
ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
{
    struct iovec part = {(void *)data, bytes};
    if (!power_tracks(descriptor))
        return syscall(SYS_pwrite64, descriptor, data, bytes, offset);
    return write_at(descriptor, &part, 1, offset);
}
ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off64_t offset)
{
    return pwrite(descriptor, data, bytes, offset);
}
ssize_t writev(int descriptor, const struct iovec *data, int parts)
{
    return write_at(descriptor, data, parts, -1);
}
ssize_t pwritev(int descriptor, const struct iovec *data, int parts, off_t offset)
{
    return write_at(descriptor, data, parts, offset);
}
ssize_t pwritev64(int descriptor, const struct iovec *data, int parts, off64_t offset)
{
    return write_at(descriptor, data, parts, offset);
}

/* Refuse copies inside the kernel: callers then read and write instead. */
ssize_t sendfile(int to, int from, off_t *offset, size_t bytes)
{
    if (!power_tracks(to))
        return syscall(SYS_sendfile, to, from, offset, bytes);
    errno = EINVAL;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t bytes)
{
    return sendfile(to, from, offset, bytes);
}
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t bytes,
                        unsigned flags)
{
    if (!power_tracks(to))
        return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, bytes, flags);
    errno = EXDEV;
    return -1;
}

int ftruncate(int descriptor, off_t size)
{
    if (!power_tracks(descriptor))
        return syscall(SYS_ftruncate, descriptor, size);
    pthread_mutex_lock(&power_lock);
    int answer = syscall(SYS_ftruncate, descriptor, size);
    if (!answer)
        power_note(TRUNCATE, power_inodes[descriptor], 0, size, 0, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    return answer;
}
int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

int truncate(const char *path, off_t size)
{
    char full[PATH_MAX];
    if (!power_absolute(AT_FDCWD, path, full))
        return syscall(SYS_truncate, path, size);
    pthread_mutex_lock(&power_lock);
    int answer = syscall(SYS_truncate, path, size);
    if (!answer)
        power_note(TRUNCATE, power_inode_at(full), 0, size, 0, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    return answer;
}
int truncate64(const char *path, off64_t size) { return truncate(path, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t bytes)
{
    if (!power_tracks(descriptor))
        return syscall(SYS_fallocate, descriptor, mode, offset, bytes);
    pthread_mutex_lock(&power_lock);
    int answer = syscall(SYS_fallocate, descriptor, mode, offset, bytes);
    if (!answer)
        power_note(ALLOCATE, power_inodes[descriptor], offset, bytes, mode, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    return answer;
}
int fallocate64(int descriptor, int mode, off64_t offset, off64_t bytes)
{
    return fallocate(descriptor, mode, offset, bytes);
}
int posix_fallocate(int descriptor, off_t offset, off_t bytes)
{
    return fallocate(descriptor, 0, offset, bytes) ? errno : 0;
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t bytes)
{
    return posix_fallocate(descriptor, offset, bytes);
}
