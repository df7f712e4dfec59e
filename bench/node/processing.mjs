// The worker's operations.
import { connection, microseconds, QUEUE, secondsSince, untilCompleted, using, withQueue, Worker } from "./queue.mjs";

const IDLE_CONCURRENCY = 10;
const LOOK_ASIDE_EVERY_MS = 10; // while the looking takes time from what is measured

export async function processBacklog({ count, concurrency, alone = true, before = 0 }) {
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
      if (alone) await allBegun.promise;
      await untilCompleted(queue, before + count, alone ? undefined : LOOK_ASIDE_EVERY_MS);
      return secondsSince(begin);
    });
  });
}

export async function pickup({ count }) {
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
}

function withWorker(processor, concurrency, use) {
  const worker = new Worker(QUEUE, processor, { connection, concurrency, autorun: false });
  worker.on("error", fail);
  return using(worker, use);
}

function run(worker) {
  worker.run().catch(fail);
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

// Promise.withResolvers, which Node 20 does not have.
function withResolvers() {
  let resolve;
  const promise = new Promise((resolved) => (resolve = resolved));
  return { promise, resolve };
}
