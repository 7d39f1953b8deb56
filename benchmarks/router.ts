// A router sends a client elsewhere when a dyno refuses it, and reports H13 when one that accepted it closes without an
// answer. What do two dynos lose, each a cluster whose processes all get the signal at once?
//   npm run bench -- router [--stops 20] [--quick] [--only graceful|plain] [--node PATH] [--json] [--write | --draw]
// --write keeps the numbers and draws README's picture of them, --draw draws what was kept. Fails if ours loses
// anything.
import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { readCount, readOne } from './helpers/soak-options.ts';
import { printProgress, printTable } from './helpers/table.ts';
import type { Program } from './router/dyno.ts';
import { describeStory, keepStories, readStories, titles, writePictures } from './router/documents.ts';
import { tellStory, type Story } from './router/story.ts';

const boolean = { type: 'boolean', default: false } as const;
const { values } = parseArgs({
  options: {
    stops: { type: 'string' },
    only: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    quick: boolean,
    json: boolean,
    write: boolean,
    draw: boolean,
  },
});
const stops = readCount('stops', values.stops ?? (values.quick ? '3' : '20'), 1);
const all: readonly Program[] = ['plain', 'graceful'];
const programs = values.only === undefined ? all : [readOne('only', values.only, all)];

if (values.draw) writePictures(readStories());
else await run();

async function run(): Promise<void> {
  const stories: Story[] = [];
  const [load = 0] = loadavg();
  for (const keepAlive of [false, true]) {
    for (const program of programs) {
      printProgress(`${program}, ${keepAlive ? 'kept connections' : 'a connection for each request'}`);
      stories.push(await tellStory({ program, keepAlive, stops, node: values.node }));
    }
  }
  printProgress('');
  if (values.json) for (const story of stories) console.log(JSON.stringify(story));
  else print(stories);
  if (stories.some(isFaulty)) process.exitCode = 1;
  if (!values.write) return;
  const node = execFileSync(values.node, ['--version'], { encoding: 'utf8' }).trim();
  const machine = `${availableParallelism()} cores, ${process.platform} ${/^[\d.]*/.exec(release())?.[0]}`;
  const conditions = `Node ${node}; ${machine}; load average ${load.toFixed(0)} at the start`;
  keepStories({ conditions, stories });
  writePictures(readStories());
}

function isFaulty({ program, outcomes: { H13, H18, H21 }, exits }: Story): boolean {
  return program === 'graceful' && (H13 + H18 + H21 > 0 || exits.some((exit) => exit !== '0'));
}

function print(stories: readonly Story[]): void {
  const rows = stories.map((story) => [...describeStory(story), [...new Set(story.exits)].join(', ')]);
  printTable([...titles, 'exit'], rows);
}
