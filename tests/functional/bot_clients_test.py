"""Three libraries that many bots are made with talk to the simulator's Bot API as they do to the real one: each is an
echo bot that gets 50 messages and 50 taps, answers and edits, and is told to slow down. What they had no need to be
changed for is what our own client may rely on.
"""

import json
import shutil
import time

import pytest
from conftest import ROOT, Program, Simulator, http

PACKAGES = ROOT / "build/npm-bots/node_modules"  # ./dev test puts them there
PATIENCE = 120
USERS = 50
FLOOD = 20  # messages at once to one chat; far more than it may get in the time that this takes

# Each sets `api` (calls that reject with an error) and `start`, which ends when updates are asked for.
CLIENTS = {
    "grammy": """
const {Bot} = require(folder + "/grammy");
const bot = new Bot(token, {client: {apiRoot: root}});
bot.on("message:text", ({message}) => onText(message.chat.id, message.text));
bot.on("callback_query:data", ({callbackQuery: it}) => onTap(it.id, it.data, it.message));
bot.catch(({error}) => console.error(error));
const api = {
  commands: list => bot.api.setMyCommands(list),
  action: chat => bot.api.sendChatAction(chat, "typing"),
  send: (chat, text, more) => bot.api.sendMessage(chat, text, more),
  answer: (id, text) => bot.api.answerCallbackQuery(id, {text, show_alert: true}),
  edit: (chat, message, text, more) => bot.api.editMessageText(chat, message, text, more),
  fault: error => [error.error_code, error.parameters.retry_after],
};
const start = () => new Promise(resolve => bot.start({onStart: resolve}));
const stop = () => bot.stop();
""",
    "telegraf": """
const {Telegraf} = require(folder + "/telegraf");
const bot = new Telegraf(token, {telegram: {apiRoot: root + "/"}});
bot.on("text", ({message}) => onText(message.chat.id, message.text));
bot.on("callback_query", ({callbackQuery: it}) => onTap(it.id, it.data, it.message));
const api = {
  commands: list => bot.telegram.setMyCommands(list),
  action: chat => bot.telegram.sendChatAction(chat, "typing"),
  send: (chat, text, more) => bot.telegram.sendMessage(chat, text, more),
  answer: (id, text) => bot.telegram.answerCbQuery(id, text, {show_alert: true}),
  edit: (chat, message, text, more) => bot.telegram.editMessageText(chat, message, undefined, text, more),
  fault: error => [error.response.error_code, error.response.parameters.retry_after],
};
const start = () => new Promise(resolve => bot.launch(resolve));
const stop = () => bot.stop();
""",
    "node-telegram-bot-api": """
const TelegramBot = require(folder + "/node-telegram-bot-api");
const bot = new TelegramBot(token, {baseApiUrl: root, polling: {params: {timeout: 50}, autoStart: false}});
bot.on("text", message => onText(message.chat.id, message.text));
bot.on("callback_query", it => onTap(it.id, it.data, it.message));
bot.on("polling_error", console.error);
const api = {
  commands: list => bot.setMyCommands(list),
  action: chat => bot.sendChatAction(chat, "typing"),
  send: (chat, text, more) => bot.sendMessage(chat, text, more),
  answer: (id, text) => bot.answerCallbackQuery(id, {text, show_alert: true}),
  edit: (chat_id, message_id, text, more) => bot.editMessageText(text, {chat_id, message_id, ...more}),
  fault: error => [error.response.body.error_code, error.response.body.parameters.retry_after],
};
const start = async () => { await bot.getMe(); bot.startPolling(); };
const stop = () => bot.stopPolling({cancel: true});
""",
}

FRAME = """
const [folder, root, token, flood] = process.argv.slice(1);
const button = data => ({reply_markup: {inline_keyboard: [[{text: "Mais ⚽", callback_data: data}]]}});
async function onText(chat, text) {
  if (text === "/flood") return onFlood(chat);
  await api.action(chat);
  await api.send(chat, `<b>${text}</b> &amp; ção`, {parse_mode: "HTML", ...button("more:" + chat)});
}
async function onTap(id, data, message) {
  await api.answer(id, "ok " + data);
  await api.edit(message.chat.id, message.message_id, "edited " + message.text, button("again"));
}
async function onFlood(chat) {
  const results = await Promise.allSettled(Array.from({length: Number(flood)}, (_, i) => api.send(chat, "f" + i)));
  const faults = results.filter(it => it.status === "rejected").map(it => api.fault(it.reason));
  await api.edit(chat, results.find(it => it.status === "fulfilled").value.message_id, JSON.stringify(faults));
}
%s
process.on("unhandledRejection", error => { console.error(error); process.exit(1); });
process.on("SIGTERM", async () => { await stop(); process.exit(0); });
(async () => {
  await api.commands([{command: "start", description: "Menu"}]);
  await start();
  console.log("ready");
})();
"""


def wait_for(condition, describe):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)


class Users:
    """Those who talk to the bot, through the simulator's control endpoints."""

    def __init__(self, simulator):
        self.url = simulator.url + "/_sim/telegram/"

    def post(self, what, body):
        return http("POST", self.url + what, body)

    def state(self):
        return http("GET", self.url + "state")

    def messages(self, user):
        return http("GET", f"{self.url}chat?user={user}")["messages"]

    def events(self, method):
        return [it for it in http("GET", self.url + "events")["events"] if it["method"] == method]


@pytest.mark.skipif(not PACKAGES.is_dir() or not shutil.which("node"),
                    reason=f"there is no {PACKAGES}, or no node; ./dev test installs them")
@pytest.mark.parametrize("client", CLIENTS)
def test_echo_bot(client, bin_dir, tmp_path, rng):
    token = f"{rng.randrange(10**8, 10**10)}:{'x' * 35}"
    program = [shutil.which("node"), "-e", FRAME % CLIENTS[client], PACKAGES]
    log = tmp_path / "bot.log"
    with Simulator(bin_dir, tmp_path / "simulator.log", rng.randrange(2**31), 0, "--telegram-token", token,
                   "--telegram-username", "echo_bot") as simulator:
        users = Users(simulator)
        users.post("message", {"user": USERS + 2, "text": "early"})  # before the bot is there
        with Program([*program, simulator.url + "/api.telegram.org", token, FLOOD], "ready", log) as bot:
            def wait(condition):
                wait_for(lambda: condition() or bot.process.poll() is not None,
                         lambda: f"{users.state()}\n{log.read_text()}")
                assert bot.process.poll() is None, log.read_text()

            flood(users, wait)
            echo(users, wait)
            wait(lambda: users.state()["pending_updates"] == 0)  # the next poll confirms
            assert bot.end() == 0, log.read_text()
        state = users.state()
        assert state["pending_updates"] == 0 and state["confirmed_offset"] == state["next_update_id"]
        assert state["conflicts"] == 0
        assert token not in json.dumps(simulator.requests())
    assert "rror" not in log.read_text()


def echo(users, wait):
    users.post("limits", {"enforce": False})
    before, everybody = users.state(), range(1, USERS + 1)
    sent, edited = before["methods"]["sendMessage"] + USERS, before["methods"]["editMessageText"] + USERS
    users.post("updates", [{"kind": "message", "user": it, "text": f"olá {it}"} for it in everybody])
    wait(lambda: users.state()["methods"]["sendMessage"] >= sent)
    users.post("updates", [{"kind": "tap", "user": it, "data": f"more:{it}"} for it in everybody])
    wait(lambda: users.state()["methods"]["editMessageText"] >= edited)
    state = users.state()
    assert state["methods"]["sendMessage"] == sent and state["methods"]["editMessageText"] == edited
    assert state["codes"] == {"200": state["codes"]["200"], "429": before["codes"]["429"]}
    assert state["taps"] == {"total": USERS, "answered": USERS, "unanswered": 0, "late": 0}
    assert [it["command"] for it in state["commands"]["|"]] == ["start"]
    for user in everybody:
        assert [it["plain"] for it in users.messages(user)] == [f"olá {user}", f"edited olá {user} & ção"]
        last = users.messages(user)[-1]
        assert last["from"] == "bot" and last["edits"] == 1
        assert last["buttons"] == [[{"text": "Mais ⚽", "data": "again"}]]
    answers = users.events("answerCallbackQuery")
    assert sorted(it["text"] for it in answers) == sorted(f"ok more:{it}" for it in everybody)
    assert all(it["show_alert"] for it in answers)


def flood(users, wait):
    """With the limits on: a library's own error type shows what the simulator said."""
    users.post("message", {"user": USERS + 1, "text": "/flood"})
    reports = lambda: [it for it in users.messages(USERS + 1) if it["edits"]]
    wait(reports)
    faults = json.loads(reports()[0]["plain"])
    assert faults and all(code == 429 and retry_after >= 1 for code, retry_after in faults), faults
    assert users.state()["violations"]["chat"] >= len(faults)
    assert len([it for it in users.messages(USERS + 1) if it["from"] == "bot"]) == FLOOD - len(faults)
