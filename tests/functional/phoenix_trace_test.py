"""What the kernel was asked for, in its order: an update is on the disk before the request that confirms it leaves (QU4, SS6)."""

import re
import struct

import pytest
from conftest import is_sanitized
from phoenix import phoenix, wait_until, world  # noqa: F401 (fixtures)


def read_log(path):
    """(what, name, data) of disk_log.so, in the order of the calls."""
    content, at = path.read_bytes(), 0
    while at < len(content):
        name, _, size = struct.unpack_from("=QQQ", content, at + 1)
        begin = at + 25
        yield chr(content[at]), content[begin:begin + name].decode(), content[begin + name:begin + name + size]
        at = begin + name + size


def test_durable_before_confirmed(phoenix, bin_dir, rng):  # noqa: F811
    if is_sanitized(phoenix.program):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")
    log = phoenix.folder / "calls"
    phoenix.start(environment={"LD_PRELOAD": str(bin_dir / "disk_log.so"), "DISK_LOG_FILE": str(log), "DISK_LOG_NETWORK": "1",
                               "DISK_LOG_PREFIX": str(phoenix.folder / "phoenix.db")})
    asked = {}  # update → words that nothing else holds
    for number in range(1, 21):
        words = f"Time{rng.randrange(10**9):09}"
        asked[phoenix.user(number).writes(words)["update_id"]] = words
        if rng.random() < 0.5:  # alone in its batch, or together with the next
            wait_until(lambda: phoenix.world.state()["pending_updates"] == 0)
    wait_until(lambda: phoenix.world.state()["pending_updates"] == 0)
    assert phoenix.end() == 0

    written, durable, confirmed = set(), set(), set()
    for what, name, data in read_log(log):
        if what == "w" and name.endswith("-wal"):
            written |= {update for update, words in asked.items() if words.encode() in data}
        elif what == "s" and name.endswith("-wal"):
            durable |= written
        elif what == "n" and b"/getUpdates" in data and (offset := re.search(rb'offset"?\s*[=:]\s*(\d+)', data)):
            now = {update for update in asked if update < int(offset.group(1))}
            assert now <= durable, f"confirmed before they were durable: {now - durable}"
            confirmed |= now
    assert confirmed == set(asked), "all were confirmed, and each was seen to be durable first"
