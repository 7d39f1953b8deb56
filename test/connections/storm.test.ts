// Short runs of `npm run soak:storm`, which does as many as it is told to.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const program = fileURLToPath(new URL('../../benchmarks/storm.js', import.meta.url));

for (const tls of [[], ['--tls']]) {
  for (const storm of ['keep-alive', 'pipelining']) {
    t.test(
      `a ${storm} storm${tls.length > 0 ? ' over TLS' : ''} loses nothing, and plain Node does`,
      async (t) => {
        const args = ['--storm', storm, ...tls, '--rounds', '2', '--plain-rounds', '2'];
        const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
          execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
            resolve({ code: error?.code ?? 0, output: stdout + stderr }),
          );
        });
        t.equal(code, 0, output);
        t.match(output, /^graceful, .* answered, 0 lost, 0 disagreements/m);
        t.match(output, /^plain, .* answered, [1-9][\d,]* lost/m, 'the load is enough to lose something');
      },
    );
  }
}
