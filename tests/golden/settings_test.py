"""What `pulse` says about each settings/*.bad.yaml, taken as its pulse.yaml, compared with the *.bad.expected beside it;
what is good passes, and the schema of pulse.yaml sees it the same way.
"""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
from yaml_core import load

FOLDER = Path(__file__).resolve().parent / "settings"
PULSE = Path(os.environ["BIN_DIR"]) / "pulse"
BAD = sorted(FOLDER.glob("*.bad.yaml"))
GOOD = sorted(FOLDER.glob("*.good.yaml"))
ENVIRONMENT = {"PRODUCTHUNT_TOKEN": "of no meaning here"}


def validate(path):
    return subprocess.run([PULSE, "--config", path.name, "validate"], cwd=FOLDER, env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=60)


@pytest.fixture(scope="module")
def validator():
    done = subprocess.run([PULSE, "reference", "pulse", "--schema"], capture_output=True, text=True, check=True)
    return jsonschema.Draft202012Validator(json.loads(done.stdout))


def test_there_are_files():
    assert len(BAD) >= 7 and len(GOOD) >= 2


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_says_exactly_what_is_wrong(path):
    done = validate(path)
    expected = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(done.stderr)
    assert done.returncode == 78
    assert done.stdout == ""
    assert done.stderr == expected.read_text()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_every_fault_has_a_place(path):
    text = path.read_text().splitlines()
    for fault in validate(path).stderr.splitlines():
        name, line, column, rest = fault.split(":", 3)
        assert name == path.name and rest.strip()
        assert 1 <= int(line) <= len(text) and 1 <= int(column) <= len(text[int(line) - 1])


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_what_is_good_is_valid(path):
    done = validate(path)
    assert done.returncode == 0, done.stdout + done.stderr


# Not seen by it: how long a duration is.
@pytest.mark.parametrize("path", BAD + GOOD, ids=lambda path: path.name)
def test_the_schema_agrees(validator, path):
    assert validator.is_valid(load(path.read_text())) == (path in GOOD or path.name == "listen_port.bad.yaml")
