// Updates of a Bot API, consumed by libraries for Node.js, for bench/bot_updates.py: figures as one line of JSON.
//
//   node bot_updates_peer.mjs FOLDER-OF-node_modules grammy | telegraf URL TOKEN COUNT
//
// Messages and taps go to a handler each, which counts them; nothing is kept. The updates wait there already; the
// time runs from the start of polling until the last one was handled. See bot_updates.py.
import { createRequire } from "node:module";

const [folder, library, url, token, wanted] = process.argv.slice(2);
const require = createRequire(folder + "/");
const version = require(`${folder}/${library}/package.json`).version;
const count = Number(wanted);
let handled = 0;
let start;

function handle() {
  if (++handled !== count) return;
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(JSON.stringify({ version, updates: handled, seconds }));
  process.exit(0);
}

async function grammy() {
  const { Bot } = require("grammy");
  const bot = new Bot(token, { client: { apiRoot: url } });
  bot.command("start", handle);
  bot.on("message:text", handle);
  bot.on("callback_query:data", handle);
  await bot.init();
  start = process.hrtime.bigint();
  await bot.start({ limit: 100 });
}

async function telegraf() {
  const { Telegraf } = require("telegraf");
  const bot = new Telegraf(token, { telegram: { apiRoot: `${url}/` } });
  bot.start(handle);
  bot.on("text", handle);
  bot.on("callback_query", handle);
  await bot.launch(() => {
    start = process.hrtime.bigint();
  });
}

await { grammy, telegraf }[library]();
