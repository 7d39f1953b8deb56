// An ordinary server that stops the way most servers do.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/slow') setTimeout(() => response.end('slow\n'), Number(searchParams.get('ms') ?? 800));
  else response.end('hello\n');
});

server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`);
});

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
});
