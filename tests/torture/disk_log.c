// An LD_PRELOAD library that writes down what its process does to the files whose path begins with a prefix:
// from that log any state can be built that a power cut may have left on the disk.
//
//   DISK_LOG_PREFIX=/dev/shm/x/pulse.db    these files, and these files' folder
//   DISK_LOG_FILE=/dev/shm/x/log           appended to: records of { char what; uint64 name size, offset,
//   data
//                                          size (native) }, the name, the data
//
//   DISK_LOG_NETWORK=1                     also what is sent on network sockets: n, with up to 4 KiB of it
//
//   what: c created, w written at offset, t cut to offset bytes, s synced, u unlinked, r renamed to data,
//         d the folder was synced
//
// One mutex: records stand in the order in which the calls were made. Not for files that are mapped to be
// written (SQLite's -shm holds nothing that lasts), and not for a program that forks.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { most_files = 1024 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char* paths[most_files];  // by file descriptor; NULL: none of ours
static const char* prefix;
static size_t prefix_size;
static size_t folder_size;
static int log_file = -1;
static int logs_network;

__attribute__((constructor)) static void open_log(void) {
  prefix = getenv("DISK_LOG_PREFIX");
  const char* path = getenv("DISK_LOG_FILE");
  if (prefix == NULL || path == NULL) return;
  prefix_size = strlen(prefix);
  logs_network = getenv("DISK_LOG_NETWORK") != NULL;
  folder_size = (size_t)(strrchr(prefix, '/') - prefix);
  log_file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_file < 0) abort();
}

static int is_ours(const char* path) {
  return log_file >= 0 && strncmp(path, prefix, prefix_size) == 0 && strstr(path, "-shm") == NULL &&
         strstr(path, ".lock") == NULL;
}

static int is_folder(const char* path) {
  return log_file >= 0 && strncmp(path, prefix, folder_size) == 0 &&
         strspn(path + folder_size, "/.") == strlen(path + folder_size);
}

// Under the mutex.
static void put(char what, const char* name, uint64_t offset, const void* data, uint64_t size) {
  uint64_t numbers[3] = {strlen(name), offset, size};
  struct iovec parts[4] = {{&what, 1},
                           {numbers, sizeof numbers},
                           {(void*)(uintptr_t)name, numbers[0]},
                           {(void*)(uintptr_t)data, size}};
  const long expected = (long)(1 + sizeof numbers + numbers[0] + size);
  if (syscall(SYS_writev, log_file, parts, 4) != expected) abort();
}

static void* next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

static void opened(int file, const char* path, int flags, int existed) {
  if (file < 0 || file >= most_files) return;
  free(paths[file]);
  paths[file] = is_ours(path) || is_folder(path) ? strdup(path) : NULL;
  if (paths[file] == NULL || !is_ours(path)) return;
  if (!existed) put('c', path, 0, "", 0);
  if (existed && (flags & O_TRUNC) != 0) put('t', path, 0, "", 0);
}

static int open_with(const char* function, const char* path, int flags, mode_t mode) {
  int (*const real)(const char*, int, ...) = (int (*)(const char*, int, ...))(uintptr_t)next(function);
  if (log_file < 0) return real(path, flags, mode);
  pthread_mutex_lock(&mutex);
  struct stat found;
  const int existed = stat(path, &found) == 0;
  const int file = real(path, flags, mode);
  const int kept_errno = errno;
  opened(file, path, flags, existed);
  errno = kept_errno;
  pthread_mutex_unlock(&mutex);
  return file;
}

#define OPEN(name)                                \
  int name(const char* path, int flags, ...) {    \
    mode_t mode = 0;                              \
    if ((flags & (O_CREAT | __O_TMPFILE)) != 0) { \
      va_list rest;                               \
      va_start(rest, flags);                      \
      mode = va_arg(rest, mode_t);                \
      va_end(rest);                               \
    }                                             \
    return open_with(#name, path, flags, mode);   \
  }
OPEN(open)
OPEN(open64)

// Does `call`, and if `file` is ours and it succeeded, writes down `record` (with `name` and `answer`).
#define LOGGED(type, file, call, record)                                            \
  pthread_mutex_lock(&mutex);                                                       \
  const type answer = call;                                                         \
  const int kept_errno = errno;                                                     \
  const char* const name = (file) >= 0 && (file) < most_files ? paths[file] : NULL; \
  if (name != NULL && answer >= 0) record;                                          \
  errno = kept_errno;                                                               \
  pthread_mutex_unlock(&mutex);                                                     \
  return answer

#define PWRITE(function, offset_type)                                                                        \
  ssize_t function(int file, const void* data, size_t size, offset_type at) {                                \
    ssize_t (*const real)(int, const void*, size_t, offset_type) =                                           \
        (ssize_t(*)(int, const void*, size_t, offset_type))(uintptr_t)next(#function);                       \
    LOGGED(ssize_t, file, real(file, data, size, at), put('w', name, (uint64_t)at, data, (uint64_t)answer)); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int file, const void* data, size_t size) {
  ssize_t (*const real)(int, const void*, size_t) =
      (ssize_t(*)(int, const void*, size_t))(uintptr_t)next("write");
  if (file < 0 || file >= most_files || paths[file] == NULL) return real(file, data, size);
  const off_t at = lseek(file, 0, SEEK_CUR);
  LOGGED(ssize_t, file, real(file, data, size), put('w', name, (uint64_t)at, data, (uint64_t)answer));
}

#define TRUNCATE(function, offset_type)                                                          \
  int function(int file, offset_type size) {                                                     \
    int (*const real)(int, offset_type) = (int (*)(int, offset_type))(uintptr_t)next(#function); \
    LOGGED(int, file, real(file, size), put('t', name, (uint64_t)size, "", 0));                  \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(function)                                                               \
  int function(int file) {                                                           \
    int (*const real)(int) = (int (*)(int))(uintptr_t)next(#function);               \
    LOGGED(int, file, real(file), put(is_folder(name) ? 'd' : 's', name, 0, "", 0)); \
  }
SYNC(fsync)
SYNC(fdatasync)

int close(int file) {
  int (*const real)(int) = (int (*)(int))(uintptr_t)next("close");
  if (file < 0 || file >= most_files || paths[file] == NULL) return real(file);
  LOGGED(int, file, real(file), (free(paths[file]), paths[file] = NULL));
}

int unlink(const char* path) {
  int (*const real)(const char*) = (int (*)(const char*))(uintptr_t)next("unlink");
  pthread_mutex_lock(&mutex);
  const int answer = real(path);
  const int kept_errno = errno;
  if (answer == 0 && is_ours(path)) put('u', path, 0, "", 0);
  errno = kept_errno;
  pthread_mutex_unlock(&mutex);
  return answer;
}

int rename(const char* from, const char* to) {
  int (*const real)(const char*, const char*) = (int (*)(const char*, const char*))(uintptr_t)next("rename");
  pthread_mutex_lock(&mutex);
  const int answer = real(from, to);
  const int kept_errno = errno;
  if (answer == 0 && is_ours(from)) put('r', from, 0, to, strlen(to));
  errno = kept_errno;
  pthread_mutex_unlock(&mutex);
  return answer;
}

// Before it leaves: what stands before it in the log was done when it left.
ssize_t send(int file, const void* data, size_t size, int flags) {
  ssize_t (*const real)(int, const void*, size_t, int) =
      (ssize_t(*)(int, const void*, size_t, int))(uintptr_t)next("send");
  if (logs_network && log_file >= 0) {
    const int kept_errno = errno;
    pthread_mutex_lock(&mutex);
    put('n', "", 0, data, size < 4096 ? size : 4096);
    pthread_mutex_unlock(&mutex);
    errno = kept_errno;
  }
  return real(file, data, size, flags);
}
