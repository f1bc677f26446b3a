"""The tables of keys in the documentation are what `pulse reference` and `phoenix reference` print, which is what the
parser accepts."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN_DIR = Path(os.environ["BIN_DIR"])
PULSE, PHOENIX = [BIN_DIR / "pulse", "reference"], [BIN_DIR / "phoenix", "reference"]


@pytest.mark.parametrize("topic, command, page", [
    ("collector", [*PULSE, "collector"], "docs/collectors.md"),
    ("pulse", [*PULSE, "pulse"], "docs/operations.md"),
    ("phoenix", PHOENIX, "docs/phoenix.md"),
])
def test_documentation_is_up_to_date(topic, command, page):
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = (ROOT / page).read_text()
    pattern = re.compile(rf"(<!-- reference {topic}: begin -->\n)(.*?)(<!-- reference {topic}: end -->)", re.DOTALL)
    assert len(pattern.findall(text)) == 1
    if os.environ.get("UPDATE_GOLDEN"):
        (ROOT / page).write_text(pattern.sub(lambda match: match[1] + printed + match[3], text))
    else:
        assert pattern.search(text)[2] == printed, "run ./dev update-golden"
