// Express 4, in CommonJS.
const express = require('express4'); // an app of your own has it as 'express'
const { graceful } = require('@graceful-cluster/express');

const app = express();
app.use(graceful());

app.get('/', (_request, response) => {
  response.send('hello\n');
});

app.get('/slow', (request, response) => {
  setTimeout(() => response.send('slow\n'), Number(request.query.ms ?? 800));
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
