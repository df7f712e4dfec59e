// BullMQ for Node: `node bullmq.mjs add` is the producer, `node bullmq.mjs work` a worker. As chores.py, on Node.
import { openSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

import { connectionOf } from "../../../tests/interop/node/connection.mjs";

const require = createRequire(new URL("../../../tests/interop/node/package.json", import.meta.url));
const { Queue, Worker } = require("bullmq-6");

const QUEUE = "chaos";
const ADDED_AT_ONCE = 50;
const PAUSE_AFTER_A_FAILURE_MS = 100;

const part = JSON.parse(process.env.CHAOS);
const connection = connectionOf(part.url);
const ledger = openSync(`${part.ledger}/${process.pid}-${process.pid}.log`, "a"); // it leads its process group

/** The machine's monotonic clock, in seconds. */
const monotonic = () => Number(process.hrtime.bigint()) / 1e9;
const note = (event, ...numbers) => {
  const now = monotonic().toFixed(6);
  writeSync(ledger, numbers.map((number) => `${event} ${number} ${now}\n`).join(""));
};

const keepBusy = (seconds) => {
  for (const until = monotonic() + seconds; monotonic() < until; );
};

async function work() {
  const options = { connection, concurrency: part.concurrency };
  if (part.lock_duration !== null) options.lockDuration = part.lock_duration * 1000;
  if (part.stalled_interval !== null) options.stalledInterval = part.stalled_interval * 1000;
  const worker = new Worker(
    QUEUE,
    async ({ data }) => {
      note("began", data.number);
      if (data.how === "sleep") await pause(data.seconds * 1000);
      else keepBusy(data.seconds);
      note("ended", data.number);
      return data.number;
    },
    options,
  );
  worker.on("error", (error) => console.error(String(error)));
  process.once("SIGTERM", async () => {
    await worker.close();
    process.exit(0);
  });
}

async function add() {
  const queue = new Queue(QUEUE, { connection });
  queue.on("error", (error) => console.error(String(error)));
  const lines = readFileSync(part.chores, "utf8").trim().split("\n");
  const chores = lines.map((line) => JSON.parse(line));
  const began = monotonic();
  for (let first = 0; first < chores.length; first += ADDED_AT_ONCE) {
    await pause(Math.max(began + first / part.pace - monotonic(), 0) * 1000);
    const some = chores.slice(first, first + ADDED_AT_ONCE);
    await addAtLast(queue, some);
    note("added", ...some.map(({ number }) => number));
  }
  await queue.close();
}

async function addAtLast(queue, chores) {
  const jobs = chores.map((chore) => ({
    name: "do-chore",
    data: { number: chore.number, seconds: chore.seconds, how: chore.how },
    opts: { jobId: `chore-${chore.number}`, delay: chore.delay * 1000 },
  }));
  for (;;) {
    try {
      return await queue.addBulk(jobs);
    } catch (error) {
      console.error(String(error));
      await pause(PAUSE_AFTER_A_FAILURE_MS);
    }
  }
}

await { add, work }[process.argv[2]]();
