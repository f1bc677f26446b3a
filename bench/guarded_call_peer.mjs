// Guarded calls of libraries for Node.js, nanoseconds of CPU time each, as JSON on the standard output:
//
//   node guarded_call_peer.mjs FOLDER-OF-node_modules LIBRARY SECONDS
//
// What is called does nothing. Every guard is first shown to work. See guarded_call.py.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, library, seconds] = process.argv.slice(2);
const require = createRequire(folder + "/");
const version = require(`${folder}/${library}/package.json`).version;
const nothing = async () => 1;

function check(condition, what) {
  if (!condition) throw new Error(`${library}: ${what}`);
}

// The number of attempts that a call makes which fails four times.
async function attempts(call) {
  let made = 0;
  await call(async () => {
    if (++made < 5) throw new Error("503");
  });
  return made;
}

async function rejects(call) {
  try {
    await call();
  } catch {
    return true;
  }
  return false;
}

// CPU time of all threads of the process: the collector of garbage works on its own.
async function measure(call) {
  const batch = async (count) => {
    const before = process.cpuUsage();
    for (let i = 0; i < count; ++i) await call();
    const used = process.cpuUsage(before);
    return (used.user + used.system) * 1000;
  };
  let count = 1000;
  await batch(20000); // compiled by now
  let spent = await batch(count);
  while (spent < seconds * 1e9) {
    count = Math.ceil(count * Math.min(10, Math.max(1.5, (1.2 * seconds * 1e9) / Math.max(spent, 1e5))));
    spent = await batch(count);
  }
  return spent / count;
}

const libraries = {
  async cockatiel() {
    const it = require("cockatiel");
    const ofCalls = () => new it.CountBreaker({ size: 100, threshold: 0.5, minimumNumberOfCalls: 10 });
    const ofTime = () => new it.SamplingBreaker({ threshold: 0.5, duration: 60000 });
    const closed = (counts = ofCalls()) => it.circuitBreaker(it.handleAll, { halfOpenAfter: 30000, breaker: counts });
    const retries = (backoff) => it.retry(it.handleAll, { maxAttempts: 4, backoff });
    check((await attempts((f) => retries(new it.ConstantBackoff(0)).execute(f))) === 5, "does not retry");
    const open = closed();
    open.isolate();
    check(await rejects(() => open.execute(nothing)), "an open breaker lets calls through");
    const retry = retries(new it.ExponentialBackoff());
    const breaker = closed();
    const timed = closed(ofTime());
    const timeout = it.timeout(5000, it.TimeoutStrategy.Cooperative);
    const bulkhead = it.bulkhead(16);
    const all = it.wrap(it.bulkhead(16), retry, closed(), timeout);
    return {
      breaker: () => breaker.execute(nothing),
      "breaker of time": () => timed.execute(nothing),
      bulkhead: () => bulkhead.execute(nothing),
      retry: () => retry.execute(nothing),
      timeout: () => timeout.execute(nothing),
      all: () => all.execute(nothing),
      open: () => rejects(() => open.execute(nothing)),
    };
  },
  async opossum() {
    const Breaker = require("opossum");
    const options = { errorThresholdPercentage: 50, volumeThreshold: 10, resetTimeout: 30000 };
    const breaker = new Breaker(nothing, { ...options, timeout: false });
    const bulkhead = new Breaker(nothing, { ...options, timeout: false, capacity: 16 });
    const all = new Breaker(nothing, { ...options, timeout: 5000, capacity: 16 });
    const open = new Breaker(nothing, { ...options, timeout: false });
    open.open();
    check(await rejects(() => open.fire()), "an open breaker lets calls through");
    return {
      "breaker of time": () => breaker.fire(),
      bulkhead: () => bulkhead.fire(),
      all: () => all.fire(),
      open: () => rejects(() => open.fire()),
    };
  },
  async "p-retry"() {
    const pRetry = (await import(pathToFileURL(`${folder}/p-retry/index.js`).href)).default;
    check((await attempts((f) => pRetry(f, { retries: 4, minTimeout: 0 }))) === 5, "does not retry");
    return { retry: () => pRetry(nothing, { retries: 4 }) };
  },
};

const result = { version, nothing: await measure(nothing) };
for (const [name, call] of Object.entries(await libraries[library]())) result[name] = await measure(call);
process.stdout.write(JSON.stringify(result) + "\n");
process.exit(0); // opossum's timers would go on
