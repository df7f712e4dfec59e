// The queue that is measured, and what adding and processing share.
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

import { connectionOf } from "../../tests/interop/node/connection.mjs";

const require = createRequire(new URL("../../tests/interop/node/package.json", import.meta.url));
export const { FlowProducer, Queue, QueueEvents, Worker } = require("bullmq-6");

export const QUEUE = "bench";
export const JOB_NAME = "note";
const LOOK_EVERY_MS = 1;

export const connection = connectionOf(process.argv[2]);
export const versions = {
  Node: process.versions.node,
  bullmq: require("bullmq-6/package.json").version,
  ioredis: require("ioredis/package.json").version,
};

export const microseconds = () => Number(process.hrtime.bigint() / 1000n); // the machine's monotonic clock
export const secondsSince = (begin) => (performance.now() - begin) / 1000;

export async function using(resource, use) {
  try {
    await resource.waitUntilReady?.();
    return await use(resource);
  } finally {
    await resource.close();
  }
}

export const withQueue = (use) => using(new Queue(QUEUE, { connection }), use);

export async function untilCompleted(queue, count, lookEvery = LOOK_EVERY_MS) {
  while ((await queue.getCompletedCount()) < count) await pause(lookEvery);
}
