// The addon's functions under arguments that a seed draws, in a process of their own: see
// ../fixtures/listener/native-fuzz.ts.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pristine } from '../helpers/child.ts';
import { loadSystemCalls } from '../helpers/internals.ts';

const ROUNDS = 20_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
t.comment(`SEED=${seed}`);
const loaded = loadSystemCalls();
const program = fileURLToPath(new URL('../fixtures/listener/native-fuzz.js', import.meta.url));

t.test(
  'the addon answers each call with a count or an errno, and crashes at none',
  { skip: loaded.calls === undefined ? loaded.why : false },
  async (t) => {
    const [command, ...args] = [...pristine, program, String(seed), String(ROUNDS)];
    const seen = await new Promise((resolve) => {
      execFile(command, args, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
    });
    t.match(seen, { error: null, stdout: /^answered 1\d{4}\n$|^answered 20000\n$/, stderr: '' });
  },
);
