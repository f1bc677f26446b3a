"""phoenix against a Bot API that other people wrote for their bots' tests (telegram-test-api of npm): it is polled, a
user writes /start, taps, and gets menu and answers. It has no setMyCommands and no getWebhookInfo: phoenix warns.
"""

import json
import re
import shutil

import pytest
from conftest import ROOT, Program, http
from phoenix import TOKEN, phoenix, wait_until, world  # noqa: F401 (fixtures)

PACKAGES = ROOT / "build/npm-peer-api/node_modules"  # ./dev test puts them there

SERVER = """
const TelegramServer = require(process.argv[1] + "/telegram-test-api");
const net = require("net");
const probe = net.createServer().listen(0, "127.0.0.1", () => {
  const port = probe.address().port;
  probe.close(async () => {
    const server = new TelegramServer({port, host: "127.0.0.1", storeTimeout: 600});
    await server.start();
    console.log(`listening on http://127.0.0.1:${port}`);
  });
});
process.on("SIGTERM", () => process.exit(0));
"""


class Peer(Program):
    def __init__(self, log):
        super().__init__(["node", "-e", SERVER, str(PACKAGES)], r"listening on (http://\S+)", log)
        self.url = self.ready.group(1)

    def said(self, user):
        """The bot's messages to this user, as they stand now."""
        history = http("POST", f"{self.url}/getUpdatesHistory", {"token": TOKEN})["result"]
        return [item for item in history if str(item.get("message", {}).get("chat_id")) == str(user)]

    def writes(self, user, text):
        who = {"id": user, "first_name": "Ana"}
        http("POST", f"{self.url}/sendMessage", {
            "botToken": TOKEN, "from": who, "chat": who | {"type": "private"}, "date": 1700000000, "text": text})

    def taps(self, user, message, data):
        who = {"id": user, "first_name": "Ana"}
        http("POST", f"{self.url}/sendCallback", {
            "botToken": TOKEN, "from": who, "data": data, "date": 1700000000,
            "message": {"message_id": message, "chat": who | {"type": "private"}, "date": 1700000000, "text": "?"}})


@pytest.fixture
def peer(tmp_path):
    assert shutil.which("node") and (PACKAGES / "telegram-test-api").is_dir(), \
        f"telegram-test-api is not in {PACKAGES}: run ./dev test, which installs it"
    with Peer(tmp_path / "peer.log") as program:
        yield program


def text_of(item):
    return item["message"]["text"]


def buttons(item):
    markup = item["message"]["reply_markup"]
    markup = json.loads(markup) if isinstance(markup, str) else markup
    return {button["text"]: button["callback_data"] for row in markup["inline_keyboard"] for button in row}


def test_menu_and_answers(peer, phoenix):
    phoenix.start({"telegram": {"base": peer.url, "poll_timeout": "1s"}})
    for method in ("getWebhookInfo", "setMyCommands"):
        phoenix.wait_for(re.compile(f"WARNING: .*{method}"))
    user = 4711
    peer.writes(user, "/start")
    menu = wait_until(lambda: peer.said(user), "the menu")[0]
    assert "Escolha uma análise" in text_of(menu)
    assert buttons(menu)["⚽ Over Gols"] == "analise_over_gols"

    peer.taps(user, menu["messageId"], "analise_over_gols")
    wait_until(lambda: any("analisado" in text_of(item) for item in peer.said(user)), "the analysis, by an edit")
    assert len(peer.said(user)) == 2, "one menu, and one message that became the result"

    peer.taps(user, menu["messageId"], "configuracoes")
    wait_until(lambda: "Configurações" in text_of(peer.said(user)[0]), "the settings in the menu's place")
    assert "config_confianca" in buttons(peer.said(user)[0]).values()

    peer.writes(user, "/jogos")
    wait_until(lambda: any("Total:" in text_of(item) for item in peer.said(user)), "the games of the day")
    assert phoenix.end() == 0
    assert "CRITICAL" not in phoenix.text() and "FATAL" not in phoenix.text()
