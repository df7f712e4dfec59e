// BullMQ behind JSON lines: `node harness.mjs <5|6> <broker URL> <prefix>`.
//
// stdin takes one request a line, `{"id": 1, "operation": "queue", "parameters": {…}}`; stdout answers each with
// one line, `{"id": 1, "result": …}` or `{"id": 1, "error": {"name", "message", "stack"}}`, in order of completion.
// The operations are the public methods of Session. Everything else goes to stderr; an error that belongs to no
// request ends the process with a code other than 0. It ends when stdin closes.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { Session } from "./session.mjs";

console.log = console.info = console.error; // stdout belongs to the replies

const [major, url, prefix] = process.argv.slice(2);
const packageName = `bullmq-${major}`;
const require = createRequire(import.meta.url);
const session = new Session(packageName, await import(packageName), url, prefix);

function reply(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function perform({ operation, parameters = {} }) {
  if (operation === "constructor" || typeof session[operation] !== "function") {
    throw new TypeError(`no operation ${operation}`);
  }
  return (await session[operation](parameters)) ?? null;
}

async function answer(request) {
  try {
    reply({ id: request.id, result: await perform(request) });
  } catch (error) {
    reply({ id: request.id, error: { name: error.name, message: error.message, stack: error.stack } });
  }
}

reply({ id: 0, result: { bullmq: require(`${packageName}/package.json`).version, node: process.version } });

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line));
}
await session.close();
// A processor that hangs on purpose, or a pause within one, would hold the process up.
process.exit();
