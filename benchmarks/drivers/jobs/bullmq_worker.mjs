// What BullMQ's workers run; noted as in runs.py.
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const load = createRequire(join(process.env.BENCH_NODE, 'x.js'));
const { Worker } = load('bullmq');
const runs = openSync(process.env.BENCH_RUNS, 'a');
const address = new URL(process.env.REDIS_URL);
const connection = { host: address.hostname, port: Number(address.port), maxRetriesPerRequest: null };
const handlers = {
  noop: async () => { writeSync(runs, '.'); },
  stamp: async (job) => {
    const note = Buffer.alloc(16);
    note.writeBigInt64LE(BigInt(job.data.n), 0);
    note.writeDoubleLE(Number(process.hrtime.bigint()) / 1e9, 8);
    writeSync(runs, note);
  },
  wait: (job) => new Promise((done) => setTimeout(() => { writeSync(runs, '.'); done(); }, 50)),
};
const worker = new Worker('bench', (job) => handlers[job.name](job), {
  connection, concurrency: Number(process.env.BENCH_CONCURRENCY),
});
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, async () => { await worker.close(true); process.exit(0); });
