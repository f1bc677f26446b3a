// An LD_PRELOAD library that kills its process right before the Nth call by which it changes files or talks
// to others: run a program with N = 1, 2, 3 … and check after each death that nothing is lost, until it runs
// through.
//
//   NTH_CALL_KILL=7            SIGKILL instead of the 7th call; without it: only count
//   NTH_CALL_PHASE=commit      only the calls of this phase of a pulse run count for NTH_CALL_KILL
//   NTH_CALL_STEPS=1           sqlite3_step() is a call, too: staging into memory has no others
//   NTH_CALL_VICTIM=4711       another process gets the signal, once, and the call is made;
//   NTH_CALL_SIGNAL=3          with this signal instead of SIGKILL
//   NTH_CALL_COUNT_FILE=path   written at a normal exit: "total 12", then a line "NAME COUNT" for each
//                              function and a line "phase:NAME COUNT" for each phase
//   NTH_CALL_LOG_FILE=path     a line "N NAME FD" for each call, also for the one that kills (FD -1: rename)
//   NTH_CALL_PHASE_FILE=path   the phase that the signal came in, written right before it
//
// Phases follow one another slice by slice: before (the first request), fetch, stage, merge, commit, after.
// They are told by the last statement given to SQLite or libpq, and by traffic on network sockets.
//
// Threads: atomics only. Not seen: what libc does inside of itself (stdio's writes) and raw system calls. A
// child process that inherits the environment counts for itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
#define DATABASE_FUNCTIONS(X)                                                                   \
  X(sqlite3_step) X(sqlite3_sql) X(PQsendQuery) X(PQsendPrepare) X(PQsendQueryPrepared) X(PQgetResult)
#define PHASES(X) X(before) X(fetch) X(stage) X(merge) X(commit) X(after)
// clang-format on

#define AS_ENUM(name) at_##name,
#define AS_TEXT(name) #name,
enum { FUNCTIONS(AS_ENUM) libc_count, DATABASE_FUNCTIONS(AS_ENUM) function_count };
static const char* const names[] = {FUNCTIONS(AS_TEXT) "", DATABASE_FUNCTIONS(AS_TEXT)};
enum { PHASES(AS_ENUM) phase_count };
static const char* const phase_names[] = {PHASES(AS_TEXT)};

typedef void (*any_function)(void);
static _Atomic(any_function) real_functions[function_count];
static atomic_ulong counts[function_count];
static atomic_ulong total;
static atomic_int phase;  // at_before … at_after
static atomic_ulong phase_counts[phase_count];

static pthread_once_t configured = PTHREAD_ONCE_INIT;
static unsigned long kill_at;
static int kill_phase = -1;
static int steps_count;
static unsigned long victim;
static unsigned long victim_signal = SIGKILL;
static const char* count_path;
static const char* log_path;
static const char* phase_path;

static unsigned long number_in(const char* name, unsigned long otherwise) {
  const char* text = getenv(name);
  return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

static void configure(void) {
  kill_at = number_in("NTH_CALL_KILL", 0);
  steps_count = number_in("NTH_CALL_STEPS", 0) != 0;
  victim = number_in("NTH_CALL_VICTIM", 0);
  victim_signal = number_in("NTH_CALL_SIGNAL", SIGKILL);
  count_path = getenv("NTH_CALL_COUNT_FILE");
  log_path = getenv("NTH_CALL_LOG_FILE");
  phase_path = getenv("NTH_CALL_PHASE_FILE");
  const char* wanted = getenv("NTH_CALL_PHASE");
  for (int i = 0; wanted != NULL && i < phase_count; ++i)
    if (strcmp(wanted, phase_names[i]) == 0) kill_phase = i;
  if (wanted != NULL && kill_phase < 0) abort();
}

// A library that was loaded for a plugin is not among the next ones.
static void* symbol_of(int which) {
  void* found = dlsym(RTLD_NEXT, names[which]);
  if (found != NULL || which < libc_count) return found;
  void* library = dlopen(names[which][0] == 's' ? "libsqlite3.so.0" : "libpq.so.5", RTLD_LAZY | RTLD_NOLOAD);
  return library != NULL ? dlsym(library, names[which]) : NULL;
}

static any_function real(int which) {
  any_function found = atomic_load(&real_functions[which]);
  if (found == NULL) {
    union {  // ISO C has no cast from an object's address to a function's
      void* object;
      any_function function;
    } symbol = {symbol_of(which)};
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

static void strike(int now) {
  if (phase_path != NULL) put_into(phase_path, O_TRUNC, phase_names[now], strlen(phase_names[now]));
  if (victim != 0) {
    syscall(SYS_kill, victim, victim_signal);
    return;
  }
  for (;;) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

static void count(int which, int fd) {
  const int kept_errno = errno;
  pthread_once(&configured, configure);
  const int now = atomic_load(&phase);
  const unsigned long number = atomic_fetch_add(&total, 1) + 1;
  const unsigned long number_in_phase = atomic_fetch_add(&phase_counts[now], 1) + 1;
  atomic_fetch_add(&counts[which], 1);
  if (log_path != NULL) {
    char line[96];
    char* end = append_text(append_number(line, number), " ");
    end = append_text(append_text(end, names[which]), fd < 0 ? " -" : " ");
    end = append_text(append_number(end, fd < 0 ? 0UL - (unsigned long)fd : (unsigned long)fd), "\n");
    put_into(log_path, O_APPEND, line, (size_t)(end - line));
  }
  if (kill_phase < 0 ? number == kill_at : now == kill_phase && number_in_phase == kill_at) strike(now);
  errno = kept_errno;
}

static void count_traffic(int which, int fd) {
  const int kept_errno = errno;
  struct sockaddr_storage own = {0};
  socklen_t size = sizeof own;
  if (getsockname(fd, (struct sockaddr*)&own, &size) == 0 &&
      (own.ss_family == AF_INET || own.ss_family == AF_INET6))
    atomic_store(&phase, at_fetch);
  errno = kept_errno;
  count(which, fd);
}

__attribute__((constructor)) static void resolve_all(void) {
  pthread_once(&configured, configure);
  for (int i = 0; i < libc_count; ++i)
    real(i);  // dlsym() may allocate: not later, inside of a signal handler
}

__attribute__((destructor)) static void report(void) {
  if (count_path == NULL) return;
  char text[(function_count + phase_count) * 48 + 48];
  char* end = append_text(append_number(append_text(text, "total "), atomic_load(&total)), "\n");
  for (int i = 0; i < function_count; ++i) {
    if (i == libc_count || (i > libc_count && i != at_sqlite3_step)) continue;
    end = append_text(append_text(end, names[i]), " ");
    end = append_text(append_number(end, atomic_load(&counts[i])), "\n");
  }
  for (int i = 0; i < phase_count; ++i) {
    end = append_text(append_text(append_text(end, "phase:"), phase_names[i]), " ");
    end = append_text(append_number(end, atomic_load(&phase_counts[i])), "\n");
  }
  put_into(count_path, O_TRUNC, text, (size_t)(end - text));
}

// WRAP(result, name, file descriptor, (parameters), (parameters' types), (arguments))
#define WRAP(result, name, fd, parameters, types, arguments) \
  WRAP_WITH(count, result, name, fd, parameters, types, arguments)
#define WRAP_TRAFFIC(result, name, fd, parameters, types, arguments) \
  WRAP_WITH(count_traffic, result, name, fd, parameters, types, arguments)
#define WRAP_WITH(counter, result, name, fd, parameters, types, arguments) \
  result name parameters {                                                 \
    counter(at_##name, fd);                                                \
    return ((result(*) types)real(at_##name))arguments;                    \
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
WRAP_TRAFFIC(ssize_t, send, fd, (int fd, const void* data, size_t size, int flags),
             (int, const void*, size_t, int), (fd, data, size, flags))
WRAP_TRAFFIC(ssize_t, sendto, fd,
             (int fd, const void* data, size_t size, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_size),
             (int, const void*, size_t, int, __CONST_SOCKADDR_ARG, socklen_t),
             (fd, data, size, flags, to, to_size))
WRAP_TRAFFIC(ssize_t, sendmsg, fd, (int fd, const struct msghdr* message, int flags),
             (int, const struct msghdr*, int), (fd, message, flags))
WRAP_TRAFFIC(ssize_t, recv, fd, (int fd, void* data, size_t size, int flags), (int, void*, size_t, int),
             (fd, data, size, flags))
WRAP_TRAFFIC(ssize_t, recvfrom, fd,
             (int fd, void* restrict data, size_t size, int flags, __SOCKADDR_ARG from,
              socklen_t* restrict from_size),
             (int, void*, size_t, int, __SOCKADDR_ARG, socklen_t*), (fd, data, size, flags, from, from_size))
WRAP_TRAFFIC(ssize_t, recvmsg, fd, (int fd, struct msghdr* message, int flags), (int, struct msghdr*, int),
             (fd, message, flags))

// What recv() and recvfrom() become in programs built with _FORTIFY_SOURCE.
WRAP_TRAFFIC(ssize_t, __recv_chk, fd, (int fd, void* data, size_t size, size_t limit, int flags),
             (int, void*, size_t, size_t, int), (fd, data, size, limit, flags))
WRAP_TRAFFIC(ssize_t, __recvfrom_chk, fd,
             (int fd, void* restrict data, size_t size, size_t limit, int flags, __SOCKADDR_ARG from,
              socklen_t* restrict from_size),
             (int, void*, size_t, size_t, int, __SOCKADDR_ARG, socklen_t*),
             (fd, data, size, limit, flags, from, from_size))

// ---- phases

enum kind { other, begin_writing, begin_any, commit_all, end_of_run, of_slice };

static enum kind kind_of(const char* sql) {
  if (strncmp(sql, "BEGIN IMMEDIATE", 15) == 0) return begin_writing;
  if (strncmp(sql, "BEGIN", 5) == 0) return begin_any;
  if (strncmp(sql, "COMMIT", 6) == 0) return commit_all;
  if (strncmp(sql, "UPDATE ", 7) == 0 && strstr(sql, "runs") != NULL && strstr(sql, "finished_at") != NULL)
    return end_of_run;
  // The merge begins with a look at the table's columns.
  if (strstr(sql, "slices") != NULL || strstr(sql, "cursors") != NULL || strstr(sql, "pg_attribute") != NULL)
    return of_slice;
  return other;
}

// `after` lasts until the next request: what is read or recorded then belongs to no slice.
static void statement_begins(enum kind kind) {
  const int now = atomic_load(&phase);
  if (now == at_before) return;
  if (kind == end_of_run) atomic_store(&phase, at_after);
  if (now == at_after) return;
  if (kind == begin_writing) atomic_store(&phase, at_merge);
  if (kind == begin_any) atomic_store(&phase, at_stage);
  if (kind == of_slice && now == at_stage) atomic_store(&phase, at_merge);
  if (kind == commit_all && now == at_merge) atomic_store(&phase, at_commit);
}

static void statement_ends(void) {
  int commit = at_commit;
  atomic_compare_exchange_strong(&phase, &commit, at_after);
}

int sqlite3_step(void* statement) {
  const char* sql = ((const char* (*)(void*))real(at_sqlite3_sql))(statement);
  if (sql != NULL) statement_begins(kind_of(sql));
  if (steps_count) count(at_sqlite3_step, -1);
  const int answer = ((int (*)(void*))real(at_sqlite3_step))(statement);
  statement_ends();
  return answer;
}

// What the prepared statements "s0", "s1" … are.
static atomic_int prepared[4096];

static atomic_int* prepared_slot(const char* name) {
  return &prepared[(name[0] == 's' ? strtoul(name + 1, NULL, 10) : 0) % 4096];
}

int PQsendQuery(void* connection, const char* sql) {
  statement_begins(kind_of(sql));
  return ((int (*)(void*, const char*))real(at_PQsendQuery))(connection, sql);
}

int PQsendPrepare(void* connection, const char* name, const char* sql, int count_of_types,
                  const void* types) {
  atomic_store(prepared_slot(name), kind_of(sql));
  statement_begins(kind_of(sql));
  return ((int (*)(void*, const char*, const char*, int, const void*))real(at_PQsendPrepare))(
      connection, name, sql, count_of_types, types);
}

int PQsendQueryPrepared(void* connection, const char* name, int size, const char* const* values,
                        const int* lengths, const int* formats, int format) {
  statement_begins((enum kind)atomic_load(prepared_slot(name)));
  return ((int (*)(void*, const char*, int, const char* const*, const int*, const int*, int))real(
      at_PQsendQueryPrepared))(connection, name, size, values, lengths, formats, format);
}

void* PQgetResult(void* connection) {
  void* answer = ((void* (*)(void*))real(at_PQgetResult))(connection);
  if (answer == NULL) statement_ends();  // a command is over when there is no answer more
  return answer;
}
