// A Fastify server that writes to SQLite. The database is closed after the last request: a write in flight at SIGTERM
// is committed and answered.
//   DATABASE=notes.db node fastify-sqlite.js
//   curl -d 'text=hello' localhost:3000/notes
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import gracefulCluster from '@graceful-cluster/fastify';

interface Database {
  readonly insert: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const file = process.env['DATABASE'] ?? 'notes.db';
const database = await openSqlite(file).catch(() => openJournal(file));

const fastify = Fastify();
await fastify.register(gracefulCluster);
fastify.coordinator.onShutdown('database', async () => {
  await database.close();
  console.log('database closed');
});

fastify.addContentTypeParser(
  'application/x-www-form-urlencoded',
  { parseAs: 'string' },
  (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
);

fastify.post<{ Body: { text: string } }>('/notes', async (request, reply) => {
  await database.insert(request.body.text);
  return reply.code(201).send({ saved: request.body.text });
});

const address = await fastify.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
console.log(`listening on ${address}`);

/** A pool of one connection: transactions queue up for it. */
async function openSqlite(path: string): Promise<Database> {
  const name: string = 'node:sqlite'; // not in Node 20, nor in its types
  const { DatabaseSync } = (await import(name)) as Sqlite;
  const connection = new DatabaseSync(path);
  connection.exec('CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)');
  let last = Promise.resolve();
  const transact = async (text: string): Promise<void> => {
    connection.exec('BEGIN');
    connection.prepare('INSERT INTO notes VALUES (?)').run(text);
    await sleep(300); // what else belongs to the transaction
    connection.exec('COMMIT');
  };
  return {
    insert: (text) => (last = last.then(() => transact(text))),
    close: async () => connection.close(),
  };
}

interface Sqlite {
  readonly DatabaseSync: new (path: string) => {
    exec(sql: string): void;
    prepare(sql: string): { run(...values: unknown[]): unknown };
    close(): void;
  };
}

/** What stands in for it on Node 20: a line for each note, on the disk when the request is answered. */
async function openJournal(path: string): Promise<Database> {
  const handle = await open(path, 'a');
  return {
    insert: async (text) => {
      await sleep(300);
      await handle.appendFile(`${text}\n`);
      await handle.sync();
    },
    close: () => handle.close(),
  };
}
