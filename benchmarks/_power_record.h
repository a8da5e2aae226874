/* Shared by the parts of the recorder; see _power_record.c. */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    TELL, CREATE, WRITE, TRUNCATE, ALLOCATE, RENAME, UNLINK, MKDIR, SYNC_BEGIN, SYNC_END, UNKNOWN
};

/* The head of a record; path, other path and data follow. _power_log.py reads it. */
struct head {
    uint32_t kind, path_bytes, other_bytes, flags;
    uint64_t inode, offset, size, data_bytes;
};

#define DESCRIPTORS 4096

extern pthread_mutex_t power_lock;
extern uint64_t power_inodes[DESCRIPTORS]; /* by descriptor; 0 if not in the folder */
extern long power_slow_us;
int power_records(void);          /* whether this process is recorded */
int power_tracks(int descriptor); /* whether calls with this descriptor are recorded */
int power_absolute(int at, const char *path, char *found);
uint64_t power_inode_at(const char *path);
void power_note(uint32_t kind, uint64_t inode, uint64_t offset, uint64_t size, uint32_t flags,
                const char *path, const char *other, const struct iovec *data, int parts,
                size_t data_bytes);
void power_unknown(const char *what, const char *path);
