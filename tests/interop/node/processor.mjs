// What a worker does with a job: the job's own data says it. tests/support/instructions.py does the same in Python.
import { setTimeout as pause } from "node:timers/promises";

/** Follows `job.data`, in this order: log rows, progress, a pause, and then the act. */
export async function followInstructions(bullmq, job, worker) {
  const { act = "return", value = null, message = "it failed", times = 1, seconds = 0, hold = 0.2, log = [], progress = [] } = job.data;
  for (const row of log) await job.log(row);
  for (const fraction of progress) await job.updateProgress(Math.round(fraction * 100));
  if (seconds > 0) await pause(seconds * 1000);
  switch (act) {
    case "return":
      return value;
    case "throw":
      throw new Error(message);
    case "throw-first": // so many attempts fail, the next one succeeds
      if (job.attemptsMade < times) throw new Error(message);
      return value;
    case "throw-unrecoverable":
      throw new bullmq.UnrecoverableError(message);
    case "delay-first": // the first start puts the job off
      if (job.attemptsStarted > 1) return value;
      await job.moveToDelayed(Date.now() + hold * 1000, job.token);
      throw new bullmq.DelayedError();
    case "wait-first": // the first start puts the job back in line
      if (job.attemptsStarted > 1) return value;
      await job.moveToWait(job.token);
      throw new bullmq.WaitingError();
    case "limit-first": // the first start holds the queue
      if (job.attemptsStarted > 1) return value;
      await worker.rateLimit(hold * 1000);
      throw bullmq.Worker.RateLimitError();
    case "hang-first": // the first start never ends: the worker that made it is going to be killed
      if (job.attemptsStarted === 1) await new Promise(() => {});
      return value;
    case "gather":
      return await job.getChildrenValues();
    case "park": // waits for its children once more, if there is one left, and gathers then
      if (await job.moveToWaitingChildren(job.token)) throw new bullmq.WaitingChildrenError();
      return await job.getChildrenValues();
    default:
      throw new bullmq.UnrecoverableError(`no such act: ${act}`);
  }
}
