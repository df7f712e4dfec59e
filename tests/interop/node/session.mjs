// The operations: everything that one BullMQ version does on one broker under one prefix.
import { createHash } from "node:crypto";

import { connectionOptions } from "./connection.mjs";
import { followInstructions } from "./processor.mjs";

const BULK_CHUNK = 1000;

export class Session {
  #bullmq;
  #options;
  #queues = new Map();
  #events = new Map();
  #workers = new Map();
  #flows;
  #errors = [];

  constructor(bullmq, url, prefix) {
    this.#bullmq = bullmq;
    this.#options = { connection: connectionOptions(url), prefix };
  }

  /** Any method of Queue; a job is answered with all its fields. */
  async queue({ queue, method, args = [] }) {
    const target = this.#queue(queue);
    if (typeof target[method] !== "function") throw new TypeError(`Queue has no method ${method}`);
    return plain(await target[method](...args));
  }

  /** Any method of Job. */
  async job({ queue, id, method, args = [] }) {
    const job = await this.#job(queue, id);
    if (typeof job[method] !== "function") throw new TypeError(`Job has no method ${method}`);
    return plain(await job[method](...args));
  }

  /** Adds `count` copies of a job, each with its own `number` in the data. */
  async addBulk({ queue, count, name, data, opts }) {
    const ids = [];
    for (let start = 0; start < count; start += BULK_CHUNK) {
      const numbers = Array.from({ length: Math.min(BULK_CHUNK, count - start) }, (_, index) => start + index);
      const jobs = await this.#queue(queue).addBulk(numbers.map((number) => ({ name, data: { ...data, number }, opts })));
      ids.push(...jobs.map((job) => job.id));
    }
    return ids;
  }

  async addFlow({ flow }) {
    this.#flows ??= this.#listen("flows", new this.#bullmq.FlowProducer(this.#options));
    return flowIds(await this.#flows.add(flow));
  }

  /** What `job.waitUntilFinished` resolves with; a rejection is the reply's error. */
  async waitUntilFinished({ queue, id, ttl }) {
    const job = await this.#job(queue, id);
    return await job.waitUntilFinished(this.#queueEvents(queue).source, ttl);
  }

  /** Starts a worker under a label of the caller's; `options` are BullMQ's own. */
  async startWorker({ queue, worker, options = {} }) {
    if (this.#workers.has(worker)) throw new Error(`worker ${worker} runs already`);
    const processed = [];
    const processor = (job) => {
      processed.push({
        id: job.id,
        name: job.name,
        attemptsMade: job.attemptsMade,
        attemptsStarted: job.attemptsStarted,
        sha256: createHash("sha256").update(JSON.stringify(job.data)).digest("hex"),
      });
      return followInstructions(this.#bullmq, job);
    };
    const source = new this.#bullmq.Worker(queue, processor, { ...this.#options, ...options });
    this.#listen(`worker ${worker}`, source);
    this.#workers.set(worker, { source, processed });
    await source.waitUntilReady();
  }

  async stopWorker({ worker, force = false }) {
    await this.#worker(worker).source.close(force);
  }

  /** Every start of a job, in order; a job that is tried twice is in it twice. */
  processed({ worker }) {
    return this.#worker(worker).processed;
  }

  /** Records a queue's events from its first one on. */
  async recordEvents({ queue }) {
    await this.#queueEvents(queue).source.waitUntilReady();
  }

  /** What QueueEvents emitted, in order: `[event, fields]`; with `id`, those of one job. */
  events({ queue, id }) {
    const { recorded } = this.#queueEvents(queue);
    return id === undefined ? recorded : recorded.filter(([, fields]) => fields?.jobId === id);
  }

  /** Errors that BullMQ's objects emitted, which belong to no request. */
  errors() {
    return this.#errors;
  }

  async close() {
    const workers = [...this.#workers.values()].map(({ source }) => source.close(true));
    await Promise.all(workers);
    const others = [...this.#events.values()].map(({ source }) => source.close());
    others.push(...[...this.#queues.values()].map((queue) => queue.close()));
    if (this.#flows) others.push(this.#flows.close());
    await Promise.all(others);
    return this.#errors;
  }

  #queue(name) {
    if (!this.#queues.has(name)) {
      this.#queues.set(name, this.#listen(`queue ${name}`, new this.#bullmq.Queue(name, this.#options)));
    }
    return this.#queues.get(name);
  }

  async #job(queue, id) {
    const job = await this.#queue(queue).getJob(id);
    if (!job) throw new Error(`queue ${queue} has no job ${id}`);
    return job;
  }

  #worker(label) {
    if (!this.#workers.has(label)) throw new Error(`no worker ${label}`);
    return this.#workers.get(label);
  }

  #queueEvents(name) {
    if (!this.#events.has(name)) {
      const recorded = [];
      // From the first event on, so that none is missed between the request and the first read.
      const source = new this.#bullmq.QueueEvents(name, { ...this.#options, lastEventId: "0" });
      this.#listen(`events ${name}`, source);
      const emit = source.emit.bind(source);
      source.emit = (event, ...rest) => {
        // `event:jobId` repeats `event`, and the client's own events (`ioredis:close`) are not the queue's.
        if (event !== "error" && !event.includes(":")) recorded.push([event, event === "drained" ? {} : rest[0]]);
        return emit(event, ...rest);
      };
      this.#events.set(name, { source, recorded });
    }
    return this.#events.get(name);
  }

  #listen(origin, source) {
    source.setMaxListeners?.(0); // one listener per waitUntilFinished
    source.on("error", (error) => this.#errors.push({ origin, name: error.name, message: error.message }));
    return source;
  }
}

function flowIds({ job, children = [] }) {
  return { queue: job.queueName, id: job.id, children: children.map(flowIds) };
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  return typeof value?.toJSON === "function" ? value.toJSON() : value;
}
