// The agent of New Relic without its service: transactions that end are counted.
process.env.NEW_RELIC_APP_NAME = 'graceful';
process.env.NEW_RELIC_LICENSE_KEY = '0'.repeat(40);
process.env.NEW_RELIC_HOST = '127.0.0.1';
process.env.NEW_RELIC_LOG_ENABLED = 'false';
const { agent } = require('newrelic');

let count = 0;
agent.on('transactionFinished', () => (count += 1));
void require('node:http');
process.once('exit', () => process.stdout.write(`spans ${count}\n`));
