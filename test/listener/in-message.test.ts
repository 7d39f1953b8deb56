// A listening socket that a worker was sent in a message (`worker.send(message, server)`) is held by others too: the
// stop of one of them leaves it on the network.
import t from 'tap';
import { ask, startChild } from '../helpers/child.ts';

const cases = [
  ['fork', 'server', 'auto'],
  ['fork', 'handle', 'detach'],
  ['fork', 'itself', 'backlog'],
  ['cluster', 'server', 'auto'],
  ['cluster', 'itself', 'filter'],
  ['supervised', 'handle', 'auto'],
] as const;

const CLIENTS = 16;

for (const [parent, form, seal] of cases) {
  const skip = process.platform !== 'linux' && 'this is not Linux';
  t.test(`${parent}, ${form}, ${seal}`, { skip }, async (t) => {
    const child = await startChild(t, 'listener/in-message', {
      env: { PARENT: parent, FORM: form, SEAL: seal },
    });
    const [first = '', second = ''] = child.lines('worker');
    let running = true;
    t.teardown(() => (running = false));
    const answered: Record<string, number> = {};
    const lost: unknown[] = [];
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (running) {
        const answer = await ask(child.port, '/');
        if (typeof answer === 'string') lost.push(answer);
        else answered[answer.body] = (answered[answer.body] ?? 0) + 1;
      }
    });
    const until = async (enough: () => boolean): Promise<void> => {
      while (!enough() && lost.length === 0) await new Promise(setImmediate);
    };
    const count = (pid: string): number => answered[pid] ?? 0;
    await until(() => count(first) > 50 && count(second) > 50);
    if (parent === 'supervised') {
      child.kill('SIGUSR2');
      await child.line('reloaded');
    } else {
      process.kill(Number(first), 'SIGTERM');
    }
    const report = JSON.parse(await child.line('report')) as unknown;
    t.match(report, [{ seal: 'none', abandoned: 0, notes: [/inherited/] }]);
    const others = (): number =>
      Object.entries(answered).reduce((sum, [pid, n]) => sum + (pid === first ? 0 : n), 0);
    const before = others();
    await until(() => others() > before + 200);
    running = false;
    await Promise.all(clients);
    t.same(lost, [], 'no client was refused or reset');
    t.ok(others() > before + 200, 'the others serve them');
  });
}
