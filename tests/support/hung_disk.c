// An LD_PRELOAD library: a disk that hangs. Whoever flushes a file whose name begins with HUNG_DISK_PREFIX
// waits for ever, as long as there is the file HUNG_DISK_WHILE (not set: always). A signal does not wake him.
//
// Threads: no state. The name is that of the open file, as the kernel knows it.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hangs(int fd) {
  const char* prefix = getenv("HUNG_DISK_PREFIX");
  const char* condition = getenv("HUNG_DISK_WHILE");
  char link[64], name[4096];
  if (prefix == NULL || (condition != NULL && access(condition, F_OK) != 0)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, name, sizeof name - 1);
  if (size < 0) return 0;
  name[size] = '\0';
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

static int flush(long call, int fd) {
  const int kept_errno = errno;
  while (hangs(fd)) poll(NULL, 0, 20);
  errno = kept_errno;
  return (int)syscall(call, fd);
}

int fsync(int fd) { return flush(SYS_fsync, fd); }
int fdatasync(int fd) { return flush(SYS_fdatasync, fd); }
