// The producer's operations.
import { setTimeout as pause } from "node:timers/promises";

import {
  connection,
  FlowProducer,
  JOB_NAME,
  microseconds,
  QUEUE,
  QueueEvents,
  secondsSince,
  untilCompleted,
  using,
  withQueue,
} from "./queue.mjs";

const TEXT = "x".repeat(74);
const SMALL = 100; // bytes of JSON, with a stamp of five digits
const ADDS_AT_ONCE = 100;
const BULK = 500; // jobs in one addBulk call: where it is fastest
const FAMILY = 100; // jobs that one flow adds, its parent among them
const PAUSE_BETWEEN_PICKUPS_MS = 10;
const TICK_MS = 1;
const RESULT_WITHIN_MS = 10_000;

const OPTIONS = {
  plain: () => ({}),
  parent: () => ({}),
  priority: () => ({ priority: 1 }),
  delay: () => ({ delay: 1_000 }),
  deduplication: (stamp) => ({ deduplication: { id: `${stamp}` } }),
};

const data = (stamp) => ({ stamp, text: TEXT });

export async function addBulk({ count, size = SMALL, kind = "plain" }) {
  const text = "x".repeat(TEXT.length + size - SMALL);
  const jobs = (start, most) =>
    Array.from({ length: Math.min(most, count - start) }, (_, at) => ({
      name: JOB_NAME,
      data: { stamp: start + at, text },
      opts: OPTIONS[kind](start + at),
    }));
  if (kind === "parent") {
    return await using(new FlowProducer({ connection }), async (flows) => {
      const begin = performance.now();
      for (let start = 0; start < count; start += FAMILY - 1) {
        const children = jobs(start, FAMILY - 1).map((job) => ({ ...job, queueName: QUEUE }));
        await flows.add({ name: "family", queueName: "families", children });
      }
      return secondsSince(begin);
    });
  }
  return await withQueue(async (queue) => {
    const begin = performance.now();
    for (let start = 0; start < count; start += BULK) await queue.addBulk(jobs(start, BULK));
    return secondsSince(begin);
  });
}

export async function addConcurrent({ count }) {
  return await withQueue(async (queue) => {
    let next = 0;
    const addSome = async () => {
      while (next < count) await queue.add(JOB_NAME, data(next++));
    };
    const begin = performance.now();
    await Promise.all(Array.from({ length: ADDS_AT_ONCE }, addSome));
    return secondsSince(begin);
  });
}

export async function addSequential({ count }) {
  return await withQueue(async (queue) => {
    const begin = performance.now();
    for (let stamp = 0; stamp < count; stamp++) await queue.add(JOB_NAME, data(stamp));
    return secondsSince(begin);
  });
}

export async function trickle({ count, rate = null }) {
  return await withQueue(async (queue) => {
    await queue.add(JOB_NAME, data(microseconds()));
    await untilCompleted(queue, 1);
    if (rate === null) {
      for (let added = 1; added < count; added++) {
        await pause(PAUSE_BETWEEN_PICKUPS_MS);
        await queue.add(JOB_NAME, data(microseconds()));
      }
    } else await addAtRate(queue, count - 1, rate);
    return null;
  });
}

// So many a second, however long each takes; those that come due together go together.
async function addAtRate(queue, count, rate) {
  const begin = performance.now();
  for (let added = 0; added < count; ) {
    const due = Math.min(Math.floor(secondsSince(begin) * rate), count) - added;
    const stamp = microseconds();
    await Promise.all(Array.from({ length: due }, () => queue.add(JOB_NAME, data(stamp))));
    added += due;
    await pause(TICK_MS);
  }
}

export async function roundTrips({ count }) {
  return await withQueue((queue) =>
    using(new QueueEvents(QUEUE, { connection }), async (events) => {
      const seconds = [];
      await queue.add(JOB_NAME, data(microseconds()));
      await untilCompleted(queue, 1);
      for (let added = 1; added < count; added++) {
        await pause(PAUSE_BETWEEN_PICKUPS_MS);
        const begin = performance.now();
        const job = await queue.add(JOB_NAME, data(microseconds()));
        await job.waitUntilFinished(events, RESULT_WITHIN_MS);
        seconds.push(secondsSince(begin));
      }
      return seconds;
    }),
  );
}
