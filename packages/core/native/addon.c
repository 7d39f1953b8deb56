// The system calls of a server that leaves without losing a connection; src/kernel/system-calls.ts says what each function
// does. No C library, so one file serves glibc and musl. Integers and strings in, an integer out; below zero is -errno.
#include <asm/unistd.h>
#include <linux/bpf_common.h>
#include <linux/errno.h>
#include <linux/filter.h>
#include <linux/in.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <asm/ioctls.h>
#include <asm/socket.h>

#define NAPI_VERSION 8
#include <node_api.h>

// In no kernel header, but part of the system call interface all the same.
enum { AF_UNIX = 1, AF_NETLINK = 16 };
enum { SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000 };
enum { F_GETFL = 3, O_NONBLOCK = 04000 };
enum { SHUT_RD = 0, SHUT_WR = 1 };
enum { STATE_SYN_RECV = 3, STATE_LISTEN = 10 };

// The number of the one request that a netlink socket sends.
enum { DUMP = 1 };

static long system_call_once(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__) && defined(__LP64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__) && defined(__LP64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "only x86_64 and aarch64"
#endif
}

// None of these calls waits, so EINTR is rare (a seccomp supervisor, say); the bound is for one that never stops.
static long system_call(long number, long a, long b, long c, long d, long e, long f) {
  long result = -EINTR;
  for (int tries = 0; result == -EINTR && tries < 16; tries++) {
    result = system_call_once(number, a, b, c, d, e, f);
  }
  return result;
}

static long set_option(long fd, int option, const void *value, long length) {
  return system_call(__NR_setsockopt, fd, SOL_SOCKET, option, (long)value, length, 0);
}

// The length of what the kernel wrote to `value`.
static long get_option(long fd, int level, int option, void *value, unsigned length) {
  long error = system_call(__NR_getsockopt, fd, level, option, (long)value, (long)&length, 0);
  return error < 0 ? error : (long)length;
}

static long get_integer(long fd, int option) {
  int value = 0;
  long length = get_option(fd, SOL_SOCKET, option, &value, sizeof value);
  if (length < 0) return length;
  return length == sizeof value && value >= 0 ? value : -ENOPROTOOPT;
}

static long bind_to_interface(long fd, long index) {
  int value = (int)index;
  return set_option(fd, SO_BINDTOIFINDEX, &value, sizeof value);
}

static long bound_interface(long fd, long unused) {
  (void)unused;
  return get_integer(fd, SO_BINDTOIFINDEX);
}

static long reuse_port(long fd, long unused) {
  (void)unused;
  long value = get_integer(fd, SO_REUSEPORT);
  return value > 0 ? 1 : value;
}

// On a TCP socket the program sees the segment from the TCP header on. Byte 13 holds the flags: SYN 0x02, ACK 0x10.
static long attach_syn_filter(long fd, long unused) {
  (void)unused;
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
  return set_option(fd, SO_ATTACH_FILTER, &filter, sizeof filter);
}

// Of a listening socket, tcpi_unacked is the length of the accept queue.
static long accept_queue_length(long fd, long unused) {
  (void)unused;
  struct tcp_info info;
  info.tcpi_state = 0;
  const unsigned needed = offsetof(struct tcp_info, tcpi_unacked) + sizeof info.tcpi_unacked;
  long length = get_option(fd, IPPROTO_TCP, TCP_INFO, &info, needed);
  if (length < 0) return length;
  if (length < needed) return -ENOPROTOOPT;
  return info.tcpi_state == STATE_LISTEN ? (long)info.tcpi_unacked : -EINVAL;
}

// Only where it cannot wait: the descriptor must be non-blocking, as every listening socket of libuv is.
static long accept_connection(long fd, long unused) {
  (void)unused;
  long listening = get_integer(fd, SO_ACCEPTCONN);
  if (listening < 0) return listening;
  long flags = system_call(__NR_fcntl, fd, F_GETFL, 0, 0, 0, 0);
  if (flags < 0) return flags;
  if (!listening || !(flags & O_NONBLOCK)) return -EINVAL;
  return system_call(__NR_accept4, fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);
}

static long unread_bytes(long fd, long unused) {
  (void)unused;
  int value = 0;
  long error = system_call(__NR_ioctl, fd, FIONREAD, (long)&value, 0, 0, 0);
  return error < 0 ? error : value;
}

static long shutdown_read(long fd, long unused) {
  (void)unused;
  return system_call(__NR_shutdown, fd, SHUT_RD, 0, 0, 0, 0);
}

static long shutdown_write(long fd, long unused) {
  (void)unused;
  return system_call(__NR_shutdown, fd, SHUT_WR, 0, 0, 0, 0);
}

struct answers {
  __be16 port;
  long count;
};

// Counts what one datagram of the kernel holds. 1: there is more to come, 0: that was the last one.
static long read_answers(struct answers *answers, const char *bytes, unsigned long length) {
  while (length >= sizeof(struct nlmsghdr)) {
    const struct nlmsghdr *header = (const struct nlmsghdr *)bytes;
    if (header->nlmsg_len < sizeof *header || header->nlmsg_len > length) return -EBADMSG;
    unsigned long payload = header->nlmsg_len - sizeof *header;
    if (header->nlmsg_seq == DUMP) {
      if (header->nlmsg_flags & NLM_F_DUMP_INTR) return -EINTR;
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
        // Both begin with -errno; in an end without one nothing went wrong.
        int error = payload < sizeof(int) ? 0 : *(const int *)(header + 1);
        if (error < 0) return error;
        return header->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
      }
      if (header->nlmsg_type == TCPDIAG_GETSOCK) {
        const struct inet_diag_msg *socket = (const struct inet_diag_msg *)(header + 1);
        if (payload < sizeof *socket) return -EBADMSG;
        answers->count += socket->idiag_state == STATE_SYN_RECV && socket->id.idiag_sport == answers->port;
      }
    }
    unsigned long step = NLMSG_ALIGN((unsigned long)header->nlmsg_len);
    if (step >= length) break;
    bytes += step;
    length -= step;
  }
  return 1;
}

// The kernel writes the first part of the answer while it takes the request, and each further one while the one
// before is read, so there is nothing to wait for. 4,096 parts are 1.5 million sockets. A walk through the kernel's table
// takes milliseconds: SOCK_DIAG_BY_FAMILY wants one for each family, and this older request has none (inet_diag_dump_compat).
static long read_dump(long netlink, struct answers *answers) {
  struct {
    struct nlmsghdr header;
    struct inet_diag_req body;
  } request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = TCPDIAG_GETSOCK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                 .nlmsg_seq = DUMP},
      .body = {.idiag_states = 1 << STATE_SYN_RECV, .id = {.idiag_sport = answers->port}},
  };
  long sent = system_call(__NR_sendto, netlink, (long)&request, sizeof request, MSG_DONTWAIT, 0, 0);
  if (sent < 0) return sent;
  _Alignas(struct nlmsghdr) char buffer[32768];
  for (int parts = 0; parts < 4096; parts++) {
    const long flags = MSG_DONTWAIT | MSG_TRUNC;
    long length = system_call(__NR_recvfrom, netlink, (long)buffer, sizeof buffer, flags, 0, 0);
    if (length < 0) return length;
    if (length > (long)sizeof buffer) return -EMSGSIZE;
    long more = read_answers(answers, buffer, (unsigned long)length);
    if (more <= 0) return more;
  }
  return -ETIME;
}

static long syn_received(long port, long unused) {
  (void)unused;
  long netlink = system_call(__NR_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG, 0, 0, 0);
  if (netlink < 0) return netlink;
  struct answers answers = {.port = __builtin_bswap16((__u16)port)};
  long error = read_dump(netlink, &answers);
  system_call_once(__NR_close, netlink, 0, 0, 0, 0, 0);
  return error < 0 ? error : answers.count;
}

// As sd_notify(3) does it: one datagram to the socket of a service manager. A path that begins with @ is abstract.
enum { PATH_SIZE = 108, TEXT_SIZE = 4096 };

static long send_datagram(const char *path, size_t path_length, const char *text, size_t text_length) {
  struct {
    unsigned short family;
    char path[PATH_SIZE];
  } address = {.family = AF_UNIX};
  if (path_length == 0 || path_length >= PATH_SIZE || (path[0] != '/' && path[0] != '@')) return -EINVAL;
  for (size_t i = 0; i < path_length; i++) address.path[i] = path[i];
  if (path[0] == '@') address.path[0] = 0;
  long fd = system_call(__NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0);
  if (fd < 0) return fd;
  const long length = (long)(offsetof(__typeof__(address), path) + path_length);
  long sent = system_call(__NR_sendto, fd, (long)text, (long)text_length, MSG_NOSIGNAL, (long)&address, length);
  system_call_once(__NR_close, fd, 0, 0, 0, 0, 0);
  return sent < 0 ? sent : 0;
}

// The length without the end, or -EINVAL for what is no string or does not fit.
static long read_string(napi_env env, napi_value value, char *buffer, size_t size) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= size) return -EINVAL;
  if (napi_get_value_string_utf8(env, value, buffer, size, &length) != napi_ok) return -EINVAL;
  return (long)length;
}

static napi_value call_send_datagram(napi_env env, napi_callback_info info) {
  napi_value values[2], result = NULL;
  size_t count = 2;
  char path[PATH_SIZE], text[TEXT_SIZE];
  long error = -EINVAL;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok && count >= 2) {
    long path_length = read_string(env, values[0], path, sizeof path);
    long text_length = read_string(env, values[1], text, sizeof text);
    if (path_length >= 0 && text_length >= 0) {
      error = send_datagram(path, (size_t)path_length, text, (size_t)text_length);
    }
  }
  napi_create_int64(env, error, &result);
  return result;
}

struct function {
  const char *name;
  long (*run)(long first, long second);
  int least, most;
  size_t arguments;
};

static const struct function functions[] = {
    {"bindToInterface", bind_to_interface, 0, 0x7fffffff, 2},
    {"boundInterface", bound_interface, 0, 0x7fffffff, 1},
    {"attachSynFilter", attach_syn_filter, 0, 0x7fffffff, 1},
    {"acceptQueueLength", accept_queue_length, 0, 0x7fffffff, 1},
    {"acceptConnection", accept_connection, 0, 0x7fffffff, 1},
    {"reusePort", reuse_port, 0, 0x7fffffff, 1},
    {"synReceived", syn_received, 1, 65535, 1},
    {"unreadBytes", unread_bytes, 0, 0x7fffffff, 1},
    {"shutdownRead", shutdown_read, 0, 0x7fffffff, 1},
    {"shutdownWrite", shutdown_write, 0, 0x7fffffff, 1},
};

static long call(napi_env env, napi_callback_info info) {
  napi_value values[2];
  long arguments[2] = {0, 0};
  size_t count = 2;
  void *data;
  if (napi_get_cb_info(env, info, &count, values, NULL, &data) != napi_ok) return -EINVAL;
  const struct function *function = data;
  if (count < function->arguments) return -EINVAL;
  for (size_t i = 0; i < function->arguments; i++) {
    double value;
    // Fails for whatever is no number and runs no code of the caller's.
    if (napi_get_value_double(env, values[i], &value) != napi_ok) return -EINVAL;
    // The range first: to convert a double outside of it, or NaN, is undefined. NaN is in no range.
    if (!(value >= function->least && value <= function->most)) return -EINVAL;
    arguments[i] = (long)value;
    if ((double)arguments[i] != value) return -EINVAL;
  }
  return function->run(arguments[0], arguments[1]);
}

static napi_value call_and_wrap(napi_env env, napi_callback_info info) {
  napi_value result = NULL;
  napi_create_int64(env, call(env, info), &result);
  return result;
}

static int define(napi_env env, napi_value exports, const char *name, napi_callback run, void *data) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, run, data, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  int defined = define(env, exports, "sendDatagram", call_send_datagram, NULL);
  for (size_t i = 0; defined && i < sizeof functions / sizeof *functions; i++) {
    defined = define(env, exports, functions[i].name, call_and_wrap, (void *)&functions[i]);
  }
  if (!defined) {
    napi_throw_error(env, NULL, "the addon could not define its functions");
    return NULL;
  }
  return exports;
}
