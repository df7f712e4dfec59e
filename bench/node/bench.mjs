// BullMQ for Node behind the operations of bench/systems/protocol.py: `node bench.mjs <broker URL>`.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import { connectionOf } from "../../tests/interop/node/connection.mjs";

const require = createRequire(new URL("../../tests/interop/node/package.json", import.meta.url));
const { Queue, Worker } = require("bullmq-6");

const QUEUE = "bench";
const JOB_NAME = "note";
const TEXT = "x".repeat(74);
const ADDS_AT_ONCE = 100;
const BULK = 500;
const IDLE_CONCURRENCY = 10;
const PAUSE_BETWEEN_PICKUPS_MS = 10;
const LOOK_EVERY_MS = 1;

const connection = connectionOf(process.argv[2]);
const data = (stamp) => ({ stamp, text: TEXT });
const microseconds = () => Number(process.hrtime.bigint() / 1000n); // the machine's monotonic clock
const secondsSince = (begin) => (performance.now() - begin) / 1000;

const operations = {
  async add_bulk({ count }) {
    return await withQueue(async (queue) => {
      const begin = performance.now();
      for (let start = 0; start < count; start += BULK) {
        const size = Math.min(BULK, count - start);
        await queue.addBulk(Array.from({ length: size }, (_, at) => ({ name: JOB_NAME, data: data(start + at) })));
      }
      return secondsSince(begin);
    });
  },

  async add_concurrent({ count }) {
    return await withQueue(async (queue) => {
      let next = 0;
      const addSome = async () => {
        while (next < count) await queue.add(JOB_NAME, data(next++));
      };
      const begin = performance.now();
      await Promise.all(Array.from({ length: ADDS_AT_ONCE }, addSome));
      return secondsSince(begin);
    });
  },

  async add_sequential({ count }) {
    return await withQueue(async (queue) => {
      const begin = performance.now();
      for (let stamp = 0; stamp < count; stamp++) await queue.add(JOB_NAME, data(stamp));
      return secondsSince(begin);
    });
  },

  async process({ count, concurrency }) {
    return await withQueue(async (queue) => {
      let left = count;
      const allBegun = withResolvers();
      const processor = async (job) => {
        if (--left === 0) allBegun.resolve();
        return job.data.stamp;
      };
      return await withWorker(processor, concurrency, async (worker) => {
        const begin = performance.now();
        run(worker);
        await allBegun.promise;
        await untilCompleted(queue, count);
        return secondsSince(begin);
      });
    });
  },

  async pickup({ count }) {
    const delays = [];
    const allBegun = withResolvers();
    const processor = async (job) => {
      delays.push((microseconds() - job.data.stamp) / 1e6);
      if (delays.length === count) allBegun.resolve();
      return job.data.stamp;
    };
    return await withWorker(processor, IDLE_CONCURRENCY, async (worker) => {
      run(worker);
      await allBegun.promise;
      return delays;
    });
  },

  async trickle({ count }) {
    return await withQueue(async (queue) => {
      await queue.add(JOB_NAME, data(microseconds()));
      await untilCompleted(queue, 1);
      for (let added = 1; added < count; added++) {
        await pause(PAUSE_BETWEEN_PICKUPS_MS);
        await queue.add(JOB_NAME, data(microseconds()));
      }
      return null;
    });
  },

  processor_time() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};

async function withQueue(use) {
  const queue = new Queue(QUEUE, { connection });
  await queue.waitUntilReady();
  try {
    return await use(queue);
  } finally {
    await queue.close();
  }
}

async function withWorker(processor, concurrency, use) {
  const worker = new Worker(QUEUE, processor, { connection, concurrency, autorun: false });
  worker.on("error", fail);
  await worker.waitUntilReady();
  try {
    return await use(worker);
  } finally {
    await worker.close();
  }
}

function run(worker) {
  worker.run().catch(fail);
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

async function untilCompleted(queue, count) {
  while ((await queue.getCompletedCount()) < count) await pause(LOOK_EVERY_MS);
}

// Promise.withResolvers, which Node 20 does not have.
function withResolvers() {
  let resolve;
  const promise = new Promise((resolved) => (resolve = resolved));
  return { promise, resolve };
}

function reply(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function answer({ operation, parameters }) {
  try {
    reply({ result: await operations[operation](parameters) });
  } catch (error) {
    reply({ error: `${error.name}: ${error.message}` });
  }
}

reply({
  result: {
    Node: process.versions.node,
    bullmq: require("bullmq-6/package.json").version,
    ioredis: require("ioredis/package.json").version,
  },
});
for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line));
process.exit(); // whatever is under way: the driver has gone
