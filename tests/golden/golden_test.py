"""What `pulse validate` says about each *.bad.yaml, compared with the *.bad.expected beside it.

One file a kind of fault. `./dev update-golden` rewrites the expected files.
"""

import os
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
PULSE = Path(os.environ["BIN_DIR"]) / "pulse"
BAD = sorted(FOLDER.glob("*.bad.yaml"))


def validate(path):
    """From the folder itself, with nothing in the environment that could be read."""
    return subprocess.run([PULSE, "validate", path.name], cwd=FOLDER, env={}, capture_output=True, text=True, timeout=60)


def test_there_are_files():
    assert len(BAD) >= 20


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_says_exactly_what_is_wrong(path):
    done = validate(path)
    expected = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(done.stdout)
    assert done.returncode == 78
    assert done.stderr == ""
    assert done.stdout == expected.read_text()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_every_fault_has_a_place(path):
    *faults, summary = validate(path).stdout.splitlines()
    assert summary.startswith("0 of 1 collectors are valid")
    for fault in faults:
        name, line, column, rest = fault.split(":", 3)
        assert name == path.name and int(line) >= 1 and int(column) >= 1 and rest.strip()
        text = path.read_text(errors="replace").splitlines()
        assert int(line) <= len(text) + 1 and int(column) <= len(text[int(line) - 1] if int(line) <= len(text) else "") + 1


def test_what_is_sound_is_valid():
    needed = {"PRODUCTHUNT_TOKEN": "of no meaning here"}  # the one collector that cannot do without credentials
    done = subprocess.run([PULSE, "validate", FOLDER.parents[1] / "collectors"], cwd=FOLDER, env=needed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
