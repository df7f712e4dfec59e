// What a worker does with a job: the job's own data says it. tests/support/instructions.py does the same in Python.
import { setTimeout as pause } from "node:timers/promises";

/** Follows `job.data`, in this order: log rows, progress, a pause, and then the act. */
export async function followInstructions(bullmq, job) {
  const { act = "return", value = null, message = "it failed", times = 1, seconds = 0, log = [], progress = [] } = job.data;
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
    case "hang-first": // the first start never ends: the worker that made it is going to be killed
      if (job.attemptsStarted === 1) await new Promise(() => {});
      return value;
    case "gather":
      return await job.getChildrenValues();
    default:
      throw new bullmq.UnrecoverableError(`no such act: ${act}`);
  }
}
