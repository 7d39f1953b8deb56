// Two new network namespaces and the link between them: every packet arrives after the same delay, or is lost by chance.
// What TCP sends again after a loss gets through: a second loss makes a client wait longer than any server can be asked
// to.
//   delay-link <one-way delay in microseconds> <loss in percent>
// Each end of the link is a TUN device named `delay`. Prints the paths of both namespaces once the devices exist. Ends
// when its standard input does, and since nothing but file descriptors holds the namespaces, they end with it.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct packet {
  struct packet *next;
  int64_t due;
  size_t size;
  char bytes[];
};

struct end {
  int namespace, device;
  struct packet *first, **last; // on their way to this end, in order
};

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void create(struct end *end) {
  struct ifreq interface = {.ifr_name = "delay", .ifr_flags = IFF_TUN | IFF_NO_PI};
  if (unshare(CLONE_NEWNET) < 0) err(1, "unshare");
  end->namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (end->namespace < 0) err(1, "/proc/self/ns/net");
  end->device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (end->device < 0) err(1, "/dev/net/tun");
  if (ioctl(end->device, TUNSETIFF, &interface) < 0) err(1, "TUNSETIFF");
  end->last = &end->first;
}

/** Whether a TCP segment like it was lost before, as far as 65,536 of them are remembered. */
static int lost_before(const unsigned char *bytes, size_t size) {
  static uint64_t lost[65536];
  const size_t header = bytes[0] >> 4 == 6 ? 40 : (bytes[0] & 15) * 4;
  const size_t addresses = bytes[0] >> 4 == 6 ? 8 : 12;
  if (size < header + 20) return 0;
  uint64_t key = 14695981039346656037u ^ size ^ bytes[header + 13]; // FNV-1a from its size and flags on
  for (size_t i = addresses; i < header + 8; i++) key = (key ^ bytes[i]) * 1099511628211u; // ports, sequence number
  uint64_t *slot = &lost[key >> 48];
  if (*slot == key) return 1;
  *slot = key;
  return 0;
}

static void take(struct end *from, struct end *to, int64_t due, double loss) {
  static unsigned char bytes[65536];
  ssize_t size = read(from->device, bytes, sizeof bytes);
  if (size <= 0) return;
  if (drand48() * 100 < loss && !lost_before(bytes, size)) return;
  struct packet *packet = malloc(sizeof *packet + size);
  if (!packet) err(1, "malloc");
  *packet = (struct packet){.due = due, .size = size};
  memcpy(packet->bytes, bytes, size);
  *to->last = packet;
  to->last = &packet->next;
}

static void deliver(struct end *to) {
  while (to->first && to->first->due <= now()) {
    struct packet *packet = to->first;
    // Fails only while the device is down, and then the packet is lost, as on a real link.
    (void)!write(to->device, packet->bytes, packet->size);
    to->first = packet->next;
    if (!to->first) to->last = &to->first;
    free(packet);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) errx(2, "usage: delay-link <one-way delay in microseconds> <loss in percent>");
  const int64_t delay = atoll(argv[1]) * 1000;
  const double loss = atof(argv[2]);
  struct end server = {0}, client = {0};
  create(&server);
  create(&client);
  srand48(now());
  // Tests load every core; without this the delay grows by the time it takes to be scheduled. May be refused.
  sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
  printf("/proc/%d/fd/%d /proc/%d/fd/%d\n", getpid(), server.namespace, getpid(), client.namespace);
  fflush(stdout);

  struct pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {server.device, POLLIN, 0}, {client.device, POLLIN, 0}};
  while (!polled[0].revents) {
    int64_t due = INT64_MAX;
    if (server.first) due = server.first->due;
    if (client.first && client.first->due < due) due = client.first->due;
    int64_t wait = due - now();
    if (wait < 0) wait = 0;
    struct timespec timeout = {wait / 1000000000, wait % 1000000000};
    if (ppoll(polled, 3, due == INT64_MAX ? NULL : &timeout, NULL) < 0) err(1, "ppoll");
    if (polled[1].revents) take(&server, &client, now() + delay, loss);
    if (polled[2].revents) take(&client, &server, now() + delay, loss);
    deliver(&server);
    deliver(&client);
  }
}
