// bull-board, the dashboard that BullMQ's users have, on a port of loopback.
import { once } from "node:events";
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);

/** Serves `queues` with the BullMQ of that package; answers with the server. */
export async function serveBoard(packageName, queues) {
  resolveBullmqTo(packageName);
  const { createBullBoard } = require("@bull-board/api");
  const { BullMQAdapter } = require("@bull-board/api/bullMQAdapter");
  const { ExpressAdapter } = require("@bull-board/express");
  const serverAdapter = new ExpressAdapter();
  // With a schema for each of its answers, it refuses to send what its page would not understand.
  const options = { validateResponses: true };
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter, options });
  const server = serverAdapter.getRouter().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** bull-board asks for `bullmq`, but here each major has a name of its own. */
function resolveBullmqTo(packageName) {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (request, ...rest) => resolve(request === "bullmq" ? packageName : request, ...rest);
}
