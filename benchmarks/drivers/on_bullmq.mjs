// BullMQ: https://docs.bullmq.io. The same conversation as driver.py.
import { createInterface } from 'node:readline';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const load = createRequire(join(process.env.BENCH_NODE, 'x.js'));
const { Queue } = load('bullmq');
const FIRST = 100000000;
const AT_ONCE = Number(process.env.BENCH_AT_ONCE || 500);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const steady = () => Number(process.hrtime.bigint()) / 1e9;
const payload = (n) => ({ n: FIRST + n, to: 'ada@example.com', about: 'order-70000' });
const options = { removeOnComplete: true, removeOnFail: true };
const address = new URL(process.env.REDIS_URL);
const connection = { host: address.hostname, port: Number(address.port), maxRetriesPerRequest: null };
let queue = new Queue('bench', { connection });

async function one(kind, n) { await queue.add(kind, payload(n), options); }

async function many(kind, jobs) {
  for (let at = 0; at < jobs; at += 1000) {
    const some = [];
    for (let n = at; n < Math.min(jobs, at + 1000); n++) some.push({ name: kind, data: payload(n), opts: options });
    await queue.addBulk(some);
  }
}

const calls = {
  async hello() {
    return {
      versions: Object.fromEntries(['bullmq', 'ioredis'].map((n) => [n, load(n + '/package.json').version])),
      configuration: 'Node ' + process.version + '; concurrency 100 for no-ops, ' + AT_ONCE.toLocaleString('en') + ' for waits, finished jobs removed, addBulk of 1,000',
      at_once: { wait: AT_ONCE },
      can: ['enqueue_many', 'enqueue_at'],
    };
  },
  async clear() {
    // Its keys were flushed: a new queue writes what it needs again.
    await queue.close();
    queue = new Queue('bench', { connection });
    await queue.waitUntilReady();
    return null;
  },
  async enqueue({ kind, jobs, many: inBulk }) {
    const wall = steady(), cpu = process.cpuUsage();
    if (inBulk) await many(kind, jobs);
    else for (let n = 0; n < jobs; n++) await one(kind, n);
    const used = process.cpuUsage(cpu);
    return { seconds: steady() - wall, cpu: (used.user + used.system) / 1e6 };
  },
  async pace({ jobs }) {
    const runs = process.env.BENCH_RUNS;
    let length = statSync(runs).size;
    const sent = [];
    for (let n = 0; n < jobs; n++) {
      await sleep(3);
      sent.push(steady());
      await one('stamp', n);
      const deadline = steady() + 30;
      while (statSync(runs).size === length) {
        if (steady() > deadline) throw new Error('a job did not run');
        await sleep(1);
      }
      length = statSync(runs).size;
    }
    return sent;
  },
  async delayed({ delays }) {
    const began = steady();
    const due = [];
    for (const [n, delay] of delays.entries()) {
      const left = Math.max(0, Math.round((began + delay - steady()) * 1000));
      await queue.add('stamp', payload(n), { ...options, delay: left });
      due.push(began + delay);
    }
    return due;
  },
  async workers({ kind, processes }) {
    const worker = { argv: [process.execPath, join(import.meta.dirname, 'jobs', 'bullmq_worker.mjs')], environment: { BENCH_CONCURRENCY: String(kind === 'wait' ? AT_ONCE : 100) } };
    return Array(processes).fill(worker);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  process.stdout.write(JSON.stringify((await calls[asked.do](asked)) ?? null) + '\n');
}
process.exit(0);
