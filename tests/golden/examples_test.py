"""Every collector that stands in the documentation as a ```yaml block, and the starter project, are valid.

A block that begins with `name:` is a whole file. Others in docs/collectors.md are parts of one: they take the place
of the same keys in a sample.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from yaml_core import load

ROOT = Path(__file__).resolve().parents[2]
PULSE = Path(os.environ["BIN_DIR"]) / "pulse"
BLOCK = re.compile(r"^```yaml\n(name: .*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = [(page, text) for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
            for text in BLOCK.findall(page.read_text(encoding="utf-8"))]


PARTS = re.findall(r"^```yaml\n((?!name: ).*?)^```$", (ROOT / "docs/collectors.md").read_text(encoding="utf-8"),
                   re.DOTALL | re.MULTILINE)
SAMPLE = {"name": "sample",
          "requester": {"url_base": "https://api.example.org"},
          "fields": {"id": "id"},
          "destination": {"table": "sample", "primary_key": ["id"]}}


def name_of(example):
    page, text = example
    return f"{page.name}-{text.splitlines()[0].removeprefix('name: ')}"


def validate(folder, *arguments, environment=None):
    done = subprocess.run([PULSE, "validate", *arguments], cwd=folder, env=environment or {}, capture_output=True, text=True,
                          timeout=60)
    return done.returncode, done.stdout


def test_there_are_examples():
    assert len(EXAMPLES) >= 10 and len(PARTS) >= 15
    assert {page.name for page, _ in EXAMPLES} >= {"README.md", "collectors.md"}


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_example_is_valid(example, tmp_path):
    page, text = example
    (tmp_path / "example.yaml").write_text(text, encoding="utf-8")
    variables = {name: "https-is-not-needed" for name in re.findall(r"\$\{([A-Z_]+)\}", text)}
    code, said = validate(tmp_path, "--explain", "./example.yaml", environment=variables)
    assert code == 0, said
    assert "https-is-not-needed" not in said
    for variable in variables:
        assert variable in said


@pytest.mark.parametrize("text", PARTS, ids=lambda text: text.splitlines()[0])
def test_part_is_valid(text, tmp_path):
    (tmp_path / "part.yaml").write_text(json.dumps(SAMPLE | load(text)), encoding="utf-8")  # JSON is YAML
    code, said = validate(tmp_path, "./part.yaml")
    assert code == 0, said


def test_starter_is_valid():
    code, said = validate(ROOT / "examples/starter")
    assert (code, said) == (0, "1 of 1 collectors are valid\n")
