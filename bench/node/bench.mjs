// BullMQ for Node behind the operations of bench/systems/protocol.py: `node bench.mjs <broker URL>`.
import { createInterface } from "node:readline";

import { addBulk, addConcurrent, addSequential, roundTrips, trickle } from "./adding.mjs";
import { pickup, processBacklog } from "./processing.mjs";
import { versions } from "./queue.mjs";

const operations = {
  add_bulk: addBulk,
  add_concurrent: addConcurrent,
  add_sequential: addSequential,
  process: processBacklog,
  pickup,
  trickle,
  round_trips: roundTrips,
  processor_time() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};

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

reply({ result: { versions, lacks: {} } });
for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line));
process.exit(); // whatever is under way: the driver has gone
