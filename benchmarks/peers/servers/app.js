// What all of them serve: `/` answers at once, `/slow?ms=800` takes its time.
export const host = '127.0.0.1';
export const port = Number(process.env.PORT);
/** As many processes as a cluster has, whichever it is. */
export const workers = 2;

export function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/slow') setTimeout(() => response.end('slow\n'), Number(searchParams.get('ms')));
  else response.end('hello\n');
}

export function addFastifyRoutes(fastify) {
  fastify.get('/', async () => 'hello\n');
  fastify.get('/slow', (request, reply) => {
    setTimeout(() => reply.send('slow\n'), Number(request.query.ms));
  });
}

export function addExpressRoutes(app) {
  app.get('/', (_request, response) => {
    response.send('hello\n');
  });
  app.get('/slow', (request, response) => {
    setTimeout(() => response.send('slow\n'), Number(request.query.ms));
  });
}
