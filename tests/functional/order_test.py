"""`after` in collector files: names, circles, and what becomes of the others."""

import json

import pytest
from project import Project


@pytest.fixture
def project(bin_dir, tmp_path):
    project = Project(bin_dir / "pulse", tmp_path, "http://127.0.0.1:1")
    project.config.write_text(json.dumps({"collectors": "collectors", "store": "sqlite:pulse.db", "logs": {"directory": "logs"}}))
    return project


def collector(project, name, after):
    """The list stands in the second line, from its eighth column on."""
    project.collector(name, schedule={"every": "1h"})
    path = project.folder / "collectors" / f"{name}.yaml"
    keys = json.loads(path.read_text())
    path.write_text(f"name: {name}\nafter: [{', '.join(after)}]\n"
                    + "".join(f"{key}: {json.dumps(value)}\n" for key, value in keys.items() if key != "name"))


def test_validate_says_where(project):
    collector(project, "first", [])
    collector(project, "second", ["first", "frist"])
    collector(project, "left", ["right"])
    collector(project, "right", ["first", "left"])
    collector(project, "self", ["self"])
    done = project("validate")
    assert done.returncode == 78
    *faults, summary = done.stdout.splitlines()
    assert [fault.partition("collectors/")[2] for fault in faults] == [
        'right.yaml:2:16: after[1]: "left" waits for this one: left → right → left; remove one of them from its list',
        'second.yaml:2:16: after[1]: no collector is called "frist"; did you mean "first"?',
        'self.yaml:2:9: after[0]: names the collector itself; remove it']
    assert summary.startswith("2 of 5 collectors are valid; 3 faults")


def test_only_the_faulty_one_is_refused(project):
    collector(project, "sound", [])
    collector(project, "lost", ["nobody"])
    assert project("validate", "sound").returncode == 0
    assert project("collect", "lost").returncode == 78
    status = json.loads(project("status", "--json").stdout)
    conditions = {it["name"]: (it["condition"], it["error"]) for it in status["collectors"]}
    assert conditions["sound"][0] == "never_ran" and conditions["lost"][0] == "invalid"
    assert 'lost.yaml:2:9: after[0] no collector is called "nobody"' in conditions["lost"][1]


def test_a_file_by_itself_may_wait_for_others(project):
    collector(project, "lonely", ["others"])
    assert project("validate", "collectors/lonely.yaml").returncode == 0
    assert project("validate", "collectors/").returncode == 78
