// An LD_PRELOAD library that kills its process right before the Nth call by which it changes files or talks
// to others: run a program with N = 1, 2, 3 … and check after each death that nothing is lost, until it runs
// through.
//
//   NTH_CALL_KILL=7            SIGKILL instead of the 7th call; without it: only count
//   NTH_CALL_COUNT_FILE=path   written at a normal exit: "total 12", then a line "NAME COUNT" for each
//   function NTH_CALL_LOG_FILE=path     a line "N NAME FD" for each call, also for the one that kills (FD -1:
//   rename)
//
// Threads: atomics only. Not seen: what libc does inside of itself (stdio's writes) and raw system calls. A
// child process that inherits the environment counts for itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// clang-format off
#define FUNCTIONS(X)                                                                            \
  X(write) X(writev) X(pwrite) X(pwrite64) X(pwritev) X(pwritev64) X(pwritev2) X(pwritev64v2)   \
  X(fsync) X(fdatasync) X(sync_file_range) X(ftruncate) X(ftruncate64) X(rename)                \
  X(send) X(sendto) X(sendmsg) X(recv) X(recvfrom) X(recvmsg) X(__recv_chk) X(__recvfrom_chk)
// clang-format on

#define AS_ENUM(name) at_##name,
#define AS_TEXT(name) #name,
enum { FUNCTIONS(AS_ENUM) function_count };
static const char* const names[] = {FUNCTIONS(AS_TEXT)};

typedef void (*any_function)(void);
static _Atomic(any_function) real_functions[function_count];
static atomic_ulong counts[function_count];
static atomic_ulong total;

static pthread_once_t configured = PTHREAD_ONCE_INIT;
static unsigned long kill_at;
static const char* count_path;
static const char* log_path;

static void configure(void) {
  const char* kill_text = getenv("NTH_CALL_KILL");
  kill_at = kill_text != NULL ? strtoul(kill_text, NULL, 10) : 0;
  count_path = getenv("NTH_CALL_COUNT_FILE");
  log_path = getenv("NTH_CALL_LOG_FILE");
}

static any_function real(int which) {
  any_function found = atomic_load(&real_functions[which]);
  if (found == NULL) {
    union {  // ISO C has no cast from an object's address to a function's
      void* object;
      any_function function;
    } symbol = {dlsym(RTLD_NEXT, names[which])};
    if (symbol.function == NULL) abort();
    found = symbol.function;
    atomic_store(&real_functions[which], found);
  }
  return found;
}

static char* append_text(char* to, const char* text) {
  const size_t size = strlen(text);
  memcpy(to, text, size);
  return to + size;
}

static char* append_number(char* to, unsigned long number) {
  char digits[24];
  size_t size = 0;
  do digits[size++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (size > 0) *to++ = digits[--size];
  return to;
}

// Raw system calls: our own writes are neither counted nor able to kill.
static void put_into(const char* path, int flags, const char* text, size_t size) {
  const long file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  if (file < 0) return;
  (void)!syscall(SYS_write, file, text, size);
  syscall(SYS_close, file);
}

static void count(int which, int fd) {
  const int kept_errno = errno;
  pthread_once(&configured, configure);
  const unsigned long number = atomic_fetch_add(&total, 1) + 1;
  atomic_fetch_add(&counts[which], 1);
  if (log_path != NULL) {
    char line[96];
    char* end = append_text(append_number(line, number), " ");
    end = append_text(append_text(end, names[which]), fd < 0 ? " -" : " ");
    end = append_text(append_number(end, fd < 0 ? 0UL - (unsigned long)fd : (unsigned long)fd), "\n");
    put_into(log_path, O_APPEND, line, (size_t)(end - line));
  }
  if (number == kill_at) {
    for (;;) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  }
  errno = kept_errno;
}

__attribute__((constructor)) static void resolve_all(void) {
  pthread_once(&configured, configure);
  for (int i = 0; i < function_count; ++i)
    real(i);  // dlsym() may allocate: not later, inside of a signal handler
}

__attribute__((destructor)) static void report(void) {
  if (count_path == NULL) return;
  char text[function_count * 48 + 48];
  char* end = append_text(append_number(append_text(text, "total "), atomic_load(&total)), "\n");
  for (int i = 0; i < function_count; ++i) {
    end = append_text(append_text(end, names[i]), " ");
    end = append_text(append_number(end, atomic_load(&counts[i])), "\n");
  }
  put_into(count_path, O_TRUNC, text, (size_t)(end - text));
}

// WRAP(result, name, file descriptor, (parameters), (parameters' types), (arguments))
#define WRAP(result, name, fd, parameters, types, arguments) \
  result name parameters {                                   \
    count(at_##name, fd);                                    \
    return ((result(*) types)real(at_##name))arguments;      \
  }

ssize_t __recv_chk(int fd, void* data, size_t size, size_t limit, int flags);
ssize_t __recvfrom_chk(int fd, void* restrict data, size_t size, size_t limit, int flags, __SOCKADDR_ARG from,
                       socklen_t* restrict from_size);

WRAP(ssize_t, write, fd, (int fd, const void* data, size_t size), (int, const void*, size_t),
     (fd, data, size))
WRAP(ssize_t, writev, fd, (int fd, const struct iovec* parts, int n), (int, const struct iovec*, int),
     (fd, parts, n))
WRAP(ssize_t, pwrite, fd, (int fd, const void* data, size_t size, off_t at),
     (int, const void*, size_t, off_t), (fd, data, size, at))
WRAP(ssize_t, pwrite64, fd, (int fd, const void* data, size_t size, off64_t at),
     (int, const void*, size_t, off64_t), (fd, data, size, at))
WRAP(ssize_t, pwritev, fd, (int fd, const struct iovec* parts, int n, off_t at),
     (int, const struct iovec*, int, off_t), (fd, parts, n, at))
WRAP(ssize_t, pwritev64, fd, (int fd, const struct iovec* parts, int n, off64_t at),
     (int, const struct iovec*, int, off64_t), (fd, parts, n, at))
WRAP(ssize_t, pwritev2, fd, (int fd, const struct iovec* parts, int n, off_t at, int flags),
     (int, const struct iovec*, int, off_t, int), (fd, parts, n, at, flags))
WRAP(ssize_t, pwritev64v2, fd, (int fd, const struct iovec* parts, int n, off64_t at, int flags),
     (int, const struct iovec*, int, off64_t, int), (fd, parts, n, at, flags))
WRAP(int, fsync, fd, (int fd), (int), (fd))
WRAP(int, fdatasync, fd, (int fd), (int), (fd))
WRAP(int, sync_file_range, fd, (int fd, off64_t from, off64_t size, unsigned int flags),
     (int, off64_t, off64_t, unsigned int), (fd, from, size, flags))
WRAP(int, ftruncate, fd, (int fd, off_t size), (int, off_t), (fd, size))
WRAP(int, ftruncate64, fd, (int fd, off64_t size), (int, off64_t), (fd, size))
WRAP(int, rename, -1, (const char* from, const char* to), (const char*, const char*), (from, to))
WRAP(ssize_t, send, fd, (int fd, const void* data, size_t size, int flags), (int, const void*, size_t, int),
     (fd, data, size, flags))
WRAP(ssize_t, sendto, fd,
     (int fd, const void* data, size_t size, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_size),
     (int, const void*, size_t, int, __CONST_SOCKADDR_ARG, socklen_t), (fd, data, size, flags, to, to_size))
WRAP(ssize_t, sendmsg, fd, (int fd, const struct msghdr* message, int flags),
     (int, const struct msghdr*, int), (fd, message, flags))
WRAP(ssize_t, recv, fd, (int fd, void* data, size_t size, int flags), (int, void*, size_t, int),
     (fd, data, size, flags))
WRAP(ssize_t, recvfrom, fd,
     (int fd, void* restrict data, size_t size, int flags, __SOCKADDR_ARG from,
      socklen_t* restrict from_size),
     (int, void*, size_t, int, __SOCKADDR_ARG, socklen_t*), (fd, data, size, flags, from, from_size))
WRAP(ssize_t, recvmsg, fd, (int fd, struct msghdr* message, int flags), (int, struct msghdr*, int),
     (fd, message, flags))

// What recv() and recvfrom() become in programs built with _FORTIFY_SOURCE.
WRAP(ssize_t, __recv_chk, fd, (int fd, void* data, size_t size, size_t limit, int flags),
     (int, void*, size_t, size_t, int), (fd, data, size, limit, flags))
WRAP(ssize_t, __recvfrom_chk, fd,
     (int fd, void* restrict data, size_t size, size_t limit, int flags, __SOCKADDR_ARG from,
      socklen_t* restrict from_size),
     (int, void*, size_t, size_t, int, __SOCKADDR_ARG, socklen_t*),
     (fd, data, size, limit, flags, from, from_size))
