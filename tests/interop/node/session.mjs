// The operations: everything that one BullMQ version does on one broker under one prefix.
import { setTimeout as pause } from "node:timers/promises";

import { serveBoard } from "./board.mjs";
import { clientOf, connectionOf } from "./connection.mjs";
import { followInstructions } from "./processor.mjs";

const BULK_CHUNK = 1000;

export class Session {
  #packageName;
  #bullmq;
  #options;
  #redis;
  #queues = new Map();
  #recorders = new Map();
  #waiters = new Map();
  #workers = new Map();
  #boards = [];
  #flows;
  #errors = [];

  constructor(packageName, bullmq, url, prefix) {
    this.#packageName = packageName;
    this.#bullmq = bullmq;
    this.#options = { connection: connectionOf(url), prefix };
    this.#redis = clientOf(this.#options.connection);
  }

  /** Any method of Queue; a job is answered with all its fields. */
  async queue({ queue, method, args = [] }) {
    const target = this.#queue(queue);
    if (typeof target[method] !== "function") throw new TypeError(`Queue has no method ${method}`);
    return plain(await target[method](...args));
  }

  /** When a cron pattern comes due after a time, so many times, as BullMQ's own strategy reckons it (ms). */
  async nextTimes({ pattern, tz, after, count }) {
    const times = [];
    while (times.length < count) {
      after = await this.#bullmq.defaultRepeatStrategy(after, { pattern, tz }, "");
      times.push(after);
    }
    return times;
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
    return flowIds(await this.#flowProducer().add(flow));
  }

  /** What `FlowProducer.getFlow` answers, by queue, id and name. */
  async getFlow({ queue, id, ...bounds }) {
    return flowIds(await this.#flowProducer().getFlow({ queueName: queue, id, prefix: this.#options.prefix, ...bounds }));
  }

  /** What `job.waitUntilFinished` resolves with; a rejection is the reply's error. */
  async waitUntilFinished({ queue, id, ttl }) {
    const job = await this.#job(queue, id);
    return await job.waitUntilFinished(await this.#waiter(queue), ttl);
  }

  /**
   * Starts a worker under a label of the caller's; `options` are BullMQ's own. `pauses` are those of its backoff
   * strategy, in ms, after each attempt.
   */
  async startWorker({ queue, worker, options = {}, pauses }) {
    if (this.#workers.has(worker)) throw new Error(`worker ${worker} runs already`);
    const processed = [];
    const processor = (job) => {
      processed.push({
        id: job.id,
        name: job.name,
        attemptsMade: job.attemptsMade,
        attemptsStarted: job.attemptsStarted,
        data: job.data,
      });
      return followInstructions(this.#bullmq, job, source);
    };
    const settings = pauses && { backoffStrategy: (attemptsMade) => pauses[attemptsMade - 1] };
    const source = new this.#bullmq.Worker(queue, processor, { ...this.#options, settings, ...options });
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

  /** What QueueEvents emitted of everything up to now, in order: `[event, fields]`; with `id`, of one job. */
  async events({ queue, id }) {
    const recorder = this.#recorder(queue);
    const newest = await this.#newestEvent(queue);
    while (newest && !recorder.seen.has(newest)) await pause(5);
    return recorder.events.filter(([, fields]) => id === undefined || fields.jobId === id);
  }

  /** Serves bull-board for these queues; answers with its port on loopback. */
  async startBoard({ queues }) {
    const server = await serveBoard(this.#packageName, queues.map((name) => this.#queue(name)));
    this.#boards.push(server);
    return server.address().port;
  }

  /** An event of one's own, `{eventName, …}`, as QueueEventsProducer publishes it. */
  async publishEvent({ queue, event }) {
    const producer = this.#listen(`producer ${queue}`, new this.#bullmq.QueueEventsProducer(queue, this.#options));
    await producer.publishEvent(event);
    await producer.close();
  }

  /** Whether every worker of the queue, Node's or ours, waits for a marker, and none is left to wake it. */
  async isIdle({ queue }) {
    const target = this.#queue(queue);
    if (await this.#redis.exists(target.toKey("marker"))) return false;
    const workers = await target.getWorkers();
    return workers.length > 0 && workers.every(({ cmd, flags }) => cmd === "bzpopmin" && flags.includes("b"));
  }

  /** Errors that BullMQ's objects emitted, which belong to no request. */
  errors() {
    return this.#errors;
  }

  async close() {
    for (const server of this.#boards) {
      server.close();
      server.closeAllConnections();
    }
    const workers = [...this.#workers.values()].map(({ source }) => source.close(true));
    await Promise.all(workers);
    const others = [...this.#recorders.values()].map(({ source }) => source);
    others.push(...(await Promise.all(this.#waiters.values())), ...this.#queues.values());
    if (this.#flows) others.push(this.#flows);
    await Promise.all(others.map((other) => other.close()));
    this.#redis.disconnect();
    return this.#errors;
  }

  #queue(name) {
    if (!this.#queues.has(name)) {
      this.#queues.set(name, this.#listen(`queue ${name}`, new this.#bullmq.Queue(name, this.#options)));
    }
    return this.#queues.get(name);
  }

  #flowProducer() {
    this.#flows ??= this.#listen("flows", new this.#bullmq.FlowProducer(this.#options));
    return this.#flows;
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

  #recorder(name) {
    if (!this.#recorders.has(name)) {
      const source = new this.#bullmq.QueueEvents(name, { ...this.#options, lastEventId: "0" });
      const recorder = { source, events: [], seen: new Set() };
      this.#listen(`events ${name}`, source);
      const emit = source.emit.bind(source);
      source.emit = (event, ...rest) => {
        // `event:jobId` repeats `event`, and the client's own events (`ioredis:close`) are not the queue's.
        if (event !== "error" && !event.includes(":")) {
          recorder.events.push([event, event === "drained" ? {} : rest[0]]);
          recorder.seen.add(rest.at(-1));
        }
        return emit(event, ...rest);
      };
      this.#recorders.set(name, recorder);
    }
    return this.#recorders.get(name);
  }

  /** QueueEvents from the present on: a job that failed and is tried again has not failed a second time. */
  #waiter(name) {
    if (!this.#waiters.has(name)) this.#waiters.set(name, this.#waitFromNow(name));
    return this.#waiters.get(name);
  }

  async #waitFromNow(name) {
    // By its id, not by `$`: what happens before the first read is sent must not be missed.
    const lastEventId = (await this.#newestEvent(name)) ?? "0";
    const source = new this.#bullmq.QueueEvents(name, { ...this.#options, lastEventId });
    return this.#listen(`waiter ${name}`, source);
  }

  async #newestEvent(name) {
    const [[id] = []] = await this.#redis.xrevrange(this.#queue(name).toKey("events"), "+", "-", "COUNT", 1);
    return id;
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
