// Jobs through queues for Node.js on PostgreSQL, for bench/jobs.py: figures as one line of JSON.
//
//   node jobs_peer.mjs FOLDER-OF-node_modules graphile | graphile-batched | pg-boss URL JOBS WORKERS BATCH
//
// What a job does is nothing. All jobs are in the queue before the first is taken. See jobs.py.
import { createRequire } from "node:module";

const [folder, name, url, jobs, workers, batch] = process.argv.slice(2).map((it) => (/^\d+$/.test(it) ? Number(it) : it));
const require = createRequire(folder + "/");
const data = { fixture: 1035037, page: 0 };

function* batches() {
  for (let at = 0; at < jobs; at += batch) yield Math.min(batch, jobs - at);
}

// Each of the workers takes the next piece until there is none; seconds.
async function inParallel(pieces, work) {
  const start = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const piece of pieces) await work(piece);
    }),
  );
  return Number(process.hrtime.bigint() - start) / 1e9;
}

async function graphile(batched) {
  const { Logger, makeWorkerUtils, runOnce } = require("graphile-worker");
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString: url, maxPoolSize: workers, logger });
  await utils.migrate();
  const inserting = await inParallel(batches(), (count) =>
    utils.addJobs(Array.from({ length: count }, () => ({ identifier: "nothing", payload: data }))),
  );
  const { release } = utils;
  await release();
  let done = 0;
  const taskList = {
    nothing: () => {
      ++done;
    },
  };
  const common = { connectionString: url, concurrentJobs: batched ? 24 : workers, maxPoolSize: 10 };
  const worker = batched
    ? { ...common, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
    : common;
  const start = process.hrtime.bigint();
  await runOnce({ preset: { worker: { ...worker, logger } }, taskList, noHandleSignals: true });
  return { inserting, working: Number(process.hrtime.bigint() - start) / 1e9, done };
}

async function boss() {
  const PgBoss = require("pg-boss");
  const queue = new PgBoss({ connectionString: url, supervise: false, schedule: false, max: workers });
  queue.on("error", (error) => {
    throw error;
  });
  await queue.start();
  await queue.createQueue("jobs");
  const inserting = await inParallel(batches(), (count) =>
    queue.insert(Array.from({ length: count }, () => ({ name: "jobs", data }))),
  );
  let done = 0;
  const start = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (;;) {
        const taken = await queue.fetch("jobs", { batchSize: batch });
        if (taken.length === 0) return;
        await queue.complete("jobs", taken.map((it) => it.id));
        done += taken.length;
      }
    }),
  );
  const working = Number(process.hrtime.bigint() - start) / 1e9;
  await queue.stop({ graceful: false });
  return { inserting, working, done };
}

const { inserting, working, done } = name === "pg-boss" ? await boss() : await graphile(name === "graphile-batched");
const version = require(`${folder}/${name === "pg-boss" ? name : "graphile-worker"}/package.json`).version;
console.log(
  JSON.stringify({ jobs, done, version, inserted_per_second: jobs / inserting, worked_per_second: jobs / working }),
);
process.exit(0);
