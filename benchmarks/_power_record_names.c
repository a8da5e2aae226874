/* Names of files and folders, and syncs; see _power_record.c. */
#include "_power_record.h"

/* ---- names ---- */

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char source[PATH_MAX], target[PATH_MAX];
    int from_here = power_absolute(from_at, from, source);
    int to_here = power_absolute(to_at, to, target);
    if (!from_here && !to_here)
        return syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    pthread_mutex_lock(&power_lock);
    int answer = syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (!answer && from_here && to_here && !(flags & ~RENAME_NOREPLACE))
        power_note(RENAME, 0, 0, 0, 0, source, target, NULL, 0, 0);
    else if (!answer)
        power_unknown("rename", source);
    pthread_mutex_unlock(&power_lock);
    return answer;
}
int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags)
{
    char full[PATH_MAX];
    if (!power_absolute(at, path, full))
        return syscall(SYS_unlinkat, at, path, flags);
    pthread_mutex_lock(&power_lock);
    int answer = syscall(SYS_unlinkat, at, path, flags);
    if (!answer)
        power_note(UNLINK, 0, 0, 0, 0, full, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    return answer;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path)
{
    return !unlink(path) || (errno == EISDIR && !rmdir(path)) ? 0 : -1;
}

int mkdirat(int at, const char *path, mode_t mode)
{
    char full[PATH_MAX];
    if (!power_absolute(at, path, full))
        return syscall(SYS_mkdirat, at, path, mode);
    pthread_mutex_lock(&power_lock);
    int answer = syscall(SYS_mkdirat, at, path, mode);
    if (!answer)
        power_note(MKDIR, power_inode_at(full), 0, 0, 0, full, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    return answer;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    char full[PATH_MAX];
    int here = power_absolute(to_at, to, full);
    int answer = syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (here && !answer) {
        pthread_mutex_lock(&power_lock);
        power_unknown("link", full);
        pthread_mutex_unlock(&power_lock);
    }
    return answer;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char *target, int at, const char *path)
{
    char full[PATH_MAX];
    int here = power_absolute(at, path, full);
    int answer = syscall(SYS_symlinkat, target, at, path);
    if (here && !answer) {
        pthread_mutex_lock(&power_lock);
        power_unknown("symlink", full);
        pthread_mutex_unlock(&power_lock);
    }
    return answer;
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

/* ---- syncs ---- */

/* Inode 0 stands for everything. */
static long synced(long call, int descriptor, uint64_t inode)
{
    static uint64_t number;
    pthread_mutex_lock(&power_lock);
    uint64_t own = ((uint64_t)syscall(SYS_getpid) << 32) + ++number;
    power_note(SYNC_BEGIN, inode, own, 0, 0, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    long answer = syscall(call, descriptor);
    int before = errno;
    struct timespec slow = {power_slow_us / 1000000, power_slow_us % 1000000 * 1000};
    if (power_slow_us)
        syscall(SYS_nanosleep, &slow, NULL);
    pthread_mutex_lock(&power_lock);
    if (!answer)
        power_note(SYNC_END, inode, own, 0, 0, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&power_lock);
    errno = before;
    return answer;
}

int fsync(int descriptor)
{
    if (!power_tracks(descriptor))
        return syscall(SYS_fsync, descriptor);
    return synced(SYS_fsync, descriptor, power_inodes[descriptor]);
}
int fdatasync(int descriptor)
{
    if (!power_tracks(descriptor))
        return syscall(SYS_fdatasync, descriptor);
    return synced(SYS_fdatasync, descriptor, power_inodes[descriptor]);
}
int syncfs(int descriptor)
{
    if (!power_tracks(descriptor))
        return syscall(SYS_syncfs, descriptor);
    return synced(SYS_syncfs, descriptor, 0);
}
void sync(void)
{
    if (power_records())
        synced(SYS_sync, 0, 0);
    else
        syscall(SYS_sync);
}
/* Not a sync: it neither empties the cache of the disk nor writes the size of the file. */
int sync_file_range(int descriptor, off64_t offset, off64_t bytes, unsigned flags)
{
    return syscall(SYS_sync_file_range, descriptor, offset, bytes, flags);
}
