// A Fastify server that writes to SQLite. The database is closed after the last request: a write in flight at SIGTERM
// is committed and answered.
//   DATABASE=notes.db node fastify-sqlite.js
//   curl --json '{"text":"hello"}' localhost:3000/notes
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import sqlite from 'node-sqlite3-wasm';
import gracefulCluster from '@graceful-cluster/fastify';

const database = new sqlite.Database(process.env['DATABASE'] ?? 'notes.db');
database.run('CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)');

let last: Promise<unknown> = Promise.resolve();

const fastify = Fastify();
await fastify.register(gracefulCluster);
fastify.coordinator.onShutdown('database', () => {
  database.close();
  console.log('database closed');
});

fastify.post<{ Body: { text: string } }>('/notes', async (request, reply) => {
  await transaction(async () => {
    database.run('INSERT INTO notes VALUES (?)', [request.body.text]);
    await sleep(300); // what else belongs to it
  });
  return reply.code(201).send({ saved: request.body.text });
});

const address = await fastify.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
console.log(`listening on ${address}`);

/** A pool of one connection: transactions wait for each other. */
function transaction(work: () => Promise<void>): Promise<void> {
  const done = last.then(async () => {
    database.run('BEGIN');
    await work();
    database.run('COMMIT');
  });
  last = done.catch(() => database.run('ROLLBACK'));
  return done;
}
