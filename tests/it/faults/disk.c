/*
 * Stands between the shop and its disk, for the tests (LD_PRELOAD): it writes down everything that the process does to
 * the files of one folder, in order, and everything it says to a socket; and it fails like a disk on demand.
 *
 *   FAULTS_FOLDER   the folder, without a slash at its end
 *   FAULTS_JOURNAL  where to write it down: records of a header of 24 bytes (kind, file, offset, length: u32, u32, u64,
 *                   u64, as the machine has them) and the bytes; tests/it/faults/journal.rs reads them
 *   FAULTS_CONTROL  a file that says what is to fail, see struct control; it is looked at before every call
 *
 * A folder that is opened gets an OPEN record too, with an offset of 1. A record is written before its call returns and under one lock, so that the journal's order is the order in which the
 * files changed. A file has one number for as long as it has its name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN = 1, WRITE, LENGTH, SYNC_BEGIN, SYNC_END, SYNC_FAILED, UNLINK, RENAME, SENT };

struct header {
    uint32_t kind, file;
    uint64_t offset, length;
};

struct control {
    uint32_t full;      /* 1: no file may grow; 2: nothing may be written */
    uint32_t bad_syncs; /* so many of the next syncs fail with EIO */
    uint32_t bad_writes; /* so many of the next writes fail with EIO */
    uint32_t failures;  /* how many calls failed because of this file */
    uint32_t read_models_only; /* 1: only syncs of the read models' files fail */
};

enum { DESCRIPTORS = 65536, NAMES = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint32_t file_of[DESCRIPTORS]; /* 0: none of ours, else the file's number */
static struct { uint32_t file; char path[512]; } names[NAMES];
static size_t name_count;
static uint32_t files;
static const char *folder;
static size_t folder_length;
static int journal = -1;
static struct control nothing_fails;
static struct control *control = &nothing_fails;
static _Atomic uint64_t syncs;
static _Atomic uint32_t provider; /* the payment provider's journal: another house, whose disk does not fail */
static _Atomic uint8_t is_of_read_models[DESCRIPTORS];

static long raw_write(int fd, const void *bytes, size_t length) { return syscall(SYS_write, fd, bytes, length); }

__attribute__((constructor)) static void begin(void) {
    const char *journal_path = getenv("FAULTS_JOURNAL"), *control_path = getenv("FAULTS_CONTROL");
    folder = getenv("FAULTS_FOLDER");
    if (!folder) return;
    folder_length = strlen(folder);
    if (journal_path) journal = (int)syscall(SYS_openat, AT_FDCWD, journal_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (control_path) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, control_path, O_RDWR | O_CLOEXEC, 0);
        void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (fd < 0 || mapped == MAP_FAILED) abort();
        control = mapped;
    }
}

/* Needs the lock. */
static void record(enum kind kind, uint32_t file, uint64_t offset, const void *bytes, size_t length) {
    if (journal < 0) return;
    struct header header = { kind, file, offset, length };
    struct iovec parts[2] = { { &header, sizeof header }, { (void *)bytes, length } };
    if (syscall(SYS_writev, journal, parts, 2) != (long)(sizeof header + length)) abort();
}

static uint32_t ours(int fd) { return fd >= 0 && fd < DESCRIPTORS ? atomic_load(&file_of[fd]) : 0; }

/* Takes the first of a counter's failures, if there is one left. */
static int takes(uint32_t *left, uint32_t file) {
    if (file == atomic_load(&provider)) return 0;
    uint32_t now = __atomic_load_n(left, __ATOMIC_SEQ_CST);
    while (now > 0)
        if (__atomic_compare_exchange_n(left, &now, now - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            __atomic_add_fetch(&control->failures, 1, __ATOMIC_SEQ_CST);
            return 1;
        }
    return 0;
}

/* Whether a disk without room takes bytes up to an end. */
static int is_full(int fd, uint64_t end) {
    if (ours(fd) == atomic_load(&provider)) return 0;
    uint32_t full = __atomic_load_n(&control->full, __ATOMIC_SEQ_CST);
    struct stat now;
    if (full == 0 || (full == 1 && fstat(fd, &now) == 0 && end <= (uint64_t)now.st_size)) return 0;
    __atomic_add_fetch(&control->failures, 1, __ATOMIC_SEQ_CST);
    return 1;
}

static int is_in_folder(const char *path) {
    return folder && strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Shared memory between connections is no part of what must outlive a power cut. */
static int is_left_out(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-shm") == 0;
}

/* Needs the lock. */
static size_t find(const char *path) {
    size_t at = 0;
    while (at < name_count && strcmp(names[at].path, path) != 0) at++;
    return at;
}

/* Needs the lock. */
static uint32_t number(const char *path, int is_folder) {
    size_t at = find(path);
    if (at == name_count) {
        if (name_count == NAMES || strlen(path) >= sizeof names[at].path) abort();
        name_count++;
        names[at].file = ++files;
        strcpy(names[at].path, path);
        const char *name = strrchr(path, '/');
        if (name && strcmp(name, "/payments.jsonl") == 0) atomic_store(&provider, files);
        record(OPEN, files, (uint64_t)is_folder, path, strlen(path));
    }
    return names[at].file;
}

/* Needs the lock. */
static void forget(size_t at) {
    if (at < name_count) names[at] = names[--name_count];
}

/* Resolves a path of openat and its like; our paths are absolute or below a descriptor. */
static void resolve(int directory, const char *path, char *out) {
    char link[64];
    ssize_t length = 0;
    if (path[0] == '/' || directory == AT_FDCWD) {
        snprintf(out, PATH_MAX, "%s", path);
        return;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    length = readlink(link, out, PATH_MAX / 2);
    if (length < 0) length = 0;
    snprintf(out + length, (size_t)(PATH_MAX - length), "/%s", path);
}

static int open_any(int directory, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    resolve(directory, path, whole);
    if (!is_in_folder(whole) || is_left_out(whole)) {
        int fd = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (fd >= 0 && fd < DESCRIPTORS) atomic_store(&file_of[fd], 0);
        return fd;
    }
    pthread_mutex_lock(&lock);
    int fd = (int)syscall(SYS_openat, directory, path, flags, mode);
    int error = errno;
    if (fd >= DESCRIPTORS) abort();
    if (fd >= 0) {
        struct stat now;
        uint32_t file = number(whole, fstat(fd, &now) == 0 && S_ISDIR(now.st_mode));
        if (flags & O_TRUNC) record(LENGTH, file, 0, NULL, 0);
        atomic_store(&file_of[fd], file);
        atomic_store(&is_of_read_models[fd], strstr(whole, "/read.sqlite") != NULL);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *path, int flags, ...) { MODE(flags, mode) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags, mode) return open_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags, mode) return open_any(at, path, flags, mode); }

int close(int fd) {
    if (fd >= 0 && fd < DESCRIPTORS) atomic_store(&file_of[fd], 0);
    return (int)syscall(SYS_close, fd);
}

static int duplicated(int fd, int copy) {
    if (copy >= 0 && copy < DESCRIPTORS) atomic_store(&file_of[copy], ours(fd));
    return copy;
}

static int control_any(int fd, int command, void *argument) {
    int answer = (int)syscall(SYS_fcntl, fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? duplicated(fd, answer) : answer;
}

int fcntl(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return control_any(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return control_any(fd, command, argument);
}

int dup(int fd) { return duplicated(fd, (int)syscall(SYS_dup, fd)); }

/* Writes to one of ours; an offset of -1 is wherever the descriptor stands. */
static ssize_t write_ours(int fd, const void *bytes, size_t length, off_t offset) {
    uint32_t file = ours(fd);
    pthread_mutex_lock(&lock);
    uint64_t from = (uint64_t)offset;
    if (offset < 0) {
        int flags = (int)syscall(SYS_fcntl, fd, F_GETFL, 0);
        from = (uint64_t)syscall(SYS_lseek, fd, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
    }
    long written = -1;
    int error = takes(&control->bad_writes, file) ? EIO : is_full(fd, from + length) ? ENOSPC : 0;
    if (error == 0) {
        written = offset < 0 ? raw_write(fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, offset);
        error = errno;
    }
    if (written > 0) record(WRITE, file, from, bytes, (size_t)written);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

static int is_socket(int fd) {
    struct stat now;
    return fstat(fd, &now) == 0 && S_ISSOCK(now.st_mode);
}

/* What is said can be heard before the call returns, so that it is written down first. */
static void record_sent(int fd, const void *bytes, size_t length) {
    if (journal < 0 || !is_socket(fd)) return;
    pthread_mutex_lock(&lock);
    record(SENT, (uint32_t)fd, 0, bytes, length);
    pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (ours(fd)) return write_ours(fd, bytes, length, -1);
    record_sent(fd, bytes, length);
    return raw_write(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    if (ours(fd)) return write_ours(fd, bytes, length, offset);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return pwrite(fd, bytes, length, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    /* Whoever is told that less was written goes on with the rest. */
    if (ours(fd)) {
        while (count > 1 && parts->iov_len == 0) parts++, count--;
        return count > 0 ? write_ours(fd, parts->iov_base, parts->iov_len, -1) : 0;
    }
    for (int at = 0; at < count; at++) record_sent(fd, parts[at].iov_base, parts[at].iov_len);
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    record_sent(fd, bytes, length);
    return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}

int ftruncate(int fd, off_t length) {
    uint32_t file = ours(fd);
    if (!file) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int answer = -1, error = is_full(fd, (uint64_t)length) && length > 0 ? ENOSPC : 0;
    if (error == 0) {
        answer = (int)syscall(SYS_ftruncate, fd, length);
        error = errno;
    }
    if (answer == 0) record(LENGTH, file, (uint64_t)length, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return answer;
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

static int sync_any(int fd, long call) {
    uint32_t file = ours(fd);
    if (!file) return (int)syscall(call, fd);
    uint64_t number_of_sync = atomic_fetch_add(&syncs, 1);
    pthread_mutex_lock(&lock);
    record(SYNC_BEGIN, file, number_of_sync, NULL, 0);
    pthread_mutex_unlock(&lock);
    int is_spared = __atomic_load_n(&control->read_models_only, __ATOMIC_SEQ_CST) && !atomic_load(&is_of_read_models[fd]);
    int answer = -1, error = !is_spared && takes(&control->bad_syncs, file) ? EIO : 0;
    if (error == 0) {
        answer = (int)syscall(call, fd);
        error = errno;
    }
    pthread_mutex_lock(&lock);
    record(answer == 0 ? SYNC_END : SYNC_FAILED, file, number_of_sync, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return answer;
}

int fsync(int fd) { return sync_any(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

int unlinkat(int directory, const char *path, int flags) {
    char whole[PATH_MAX];
    resolve(directory, path, whole);
    pthread_mutex_lock(&lock);
    int answer = (int)syscall(SYS_unlinkat, directory, path, flags);
    int error = errno;
    if (answer == 0 && is_in_folder(whole) && !is_left_out(whole)) {
        forget(find(whole));
        record(UNLINK, 0, 0, whole, strlen(whole));
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return answer;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int answer = (int)syscall(SYS_rename, from, to);
    int error = errno;
    if (answer == 0 && is_in_folder(from) && is_in_folder(to)) {
        char both[1024];
        uint32_t file = number(from, 0);
        forget(find(to));
        size_t at = find(from);
        if (strlen(from) + strlen(to) + 1 > sizeof both || strlen(to) >= sizeof names[at].path) abort();
        strcpy(names[at].path, to);
        memcpy(both, from, strlen(from) + 1);
        memcpy(both + strlen(from) + 1, to, strlen(to));
        record(RENAME, file, 0, both, strlen(from) + 1 + strlen(to));
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return answer;
}
