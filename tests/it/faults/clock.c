/*
 * Stands between a process and the machine's wall clock, for the tests (LD_PRELOAD): what it reads is so many
 * microseconds away from the truth as the first eight bytes of the file CLOCK_FILE say (i64), at any moment. Clocks that
 * only ever go forward are left alone, as they are when somebody sets the wall clock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MICROS = 1000000 };

static int64_t none;
static int64_t *shift = &none;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_FILE");
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    if (!path) return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *mapped = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || mapped == MAP_FAILED) abort();
    shift = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, out);
    if (answer != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return answer;
    int64_t micros = __atomic_load_n(shift, __ATOMIC_SEQ_CST);
    int64_t nanos = out->tv_nsec + micros % MICROS * 1000;
    out->tv_sec += micros / MICROS + (nanos < 0 ? -1 : nanos / 1000000000);
    out->tv_nsec = nanos < 0 ? nanos + 1000000000 : nanos % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
