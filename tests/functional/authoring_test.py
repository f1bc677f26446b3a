"""From nothing to a valid collector: `pulse init`, and what `validate` and `collect` say about keys without effect."""

import json
import re
import sqlite3
import subprocess

import pytest


def run(bin_dir, folder, *arguments):
    done = subprocess.run([bin_dir / "pulse", *arguments], cwd=folder, env={}, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def inert(bin_dir, tmp_path):
    """A key that has no effect yet, with its default as its value; whichever the reference names first."""
    _, reference, _ = run(bin_dir, tmp_path, "reference", "collector")
    found = re.search(r"^\| `([\w.]+)` \| [^|\n]* \| `([^`]+)` \| .*\*\*No effect yet\.\*\* \|$", reference, re.MULTILINE)
    if not found:
        pytest.skip("every key has an effect")
    return found.groups()


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_init_makes_a_project_that_is_valid(bin_dir, tmp_path):
    code, said, complaint = run(bin_dir, tmp_path, "init", "new/project")
    assert (code, complaint) == (0, "")
    project = tmp_path / "new/project"
    assert set(contents(project)) == {".env.example", ".gitignore", "README.md", "pulse.yaml", "collectors/exchange-rates.yaml"}
    assert "cd new/project\n" in said
    assert run(bin_dir, project, "validate") == (0, "1 of 1 collectors are valid\n", "")
    code, said, _ = run(bin_dir, project, "validate", "--explain")
    assert code == 0 and "GET https://open.er-api.com/v6/latest/USD" in said


def test_validate_explains_the_schedule(bin_dir, tmp_path):
    assert run(bin_dir, tmp_path, "init", ".")[0] == 0

    def explain(*keys):
        code, said, errors = run(bin_dir, tmp_path, "validate", "--explain", *(f"--set={key}" for key in keys))
        assert code == 0, said + errors
        return re.sub(r" +", " ", said)

    assert " schedule none: it runs when somebody runs it" in explain()
    said = explain('schedule={cron: "30 8 * * MON-FRI", timezone: America/Sao_Paulo}', "priority=5",
                   "concurrency_group=forge")
    assert ' schedule cron "30 8 * * MON-FRI", on the clocks of America/Sao_Paulo\n' in said
    assert re.search(r"^ next start \d{4}-\d\d-\d\dT08:30:00-03:00, in ", said, re.MULTILINE), said
    assert " missed the last one is made up for\n" in said
    assert " overlap a start while the run before goes on is left out\n" in said
    assert " group forge: " in said and " priority 5; " in said
    said = explain("schedule={every: 1h, splay: 10m, overlap: queue, recover_missed: all, late_maximum_delay: 30m}",
                   "enabled=false")
    assert re.search(r"^ schedule every 1 h.*, each start .* later \(its part of a splay of 10 min", said, re.MULTILINE), said
    assert " next start none: enabled is false" in said and "comes after it" in said
    assert re.search(r"^ missed are all made up for, one by one, if it is not more than 30 min", said, re.MULTILINE), said


def test_init_overwrites_nothing(bin_dir, tmp_path):
    assert run(bin_dir, tmp_path, "init", ".")[0] == 0
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "pulse.yaml").unlink()
    before = contents(tmp_path)
    code, said, complaint = run(bin_dir, tmp_path, "init", ".")
    assert (code, said) == (64, "")
    assert "README.md" in complaint and "collectors/exchange-rates.yaml" in complaint
    assert "pulse.yaml" not in complaint
    assert contents(tmp_path) == before


def test_init_minds_what_it_cannot_write(bin_dir, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, complaint = run(bin_dir, tmp_path, "init", "file")
    assert code == 74 and complaint.startswith("pulse init: ")
    assert contents(tmp_path) == {"file": b"in the way"}


def test_validate_warns_of_keys_without_effect(pulse, inert):
    key, value = inert
    done = pulse("validate", "cisa-kev", f"--set={key}={value}")
    assert done.returncode == 0
    warning, summary = done.stdout.splitlines()
    assert warning.startswith("warning: ") and warning.endswith(f"cisa-kev.yaml: --set {key}: has no effect yet")
    assert summary == "1 of 1 collectors are valid; 1 warning"
    [found] = json.loads(pulse("validate", "cisa-kev", f"--set={key}={value}", "--json").stdout)
    assert (found["severity"], found["key"]) == ("warning", key)


def test_validate_names_the_severity_of_faults(pulse):
    done = pulse("validate", "cisa-kev", "--set=timeout=soon", "--json")
    assert done.returncode == 78
    assert [(it["severity"], it["key"]) for it in json.loads(done.stdout)] == [("fault", "timeout")]


def test_collect_logs_each_key_without_effect_once(pulse, inert):
    key, value = inert
    done = pulse("collect", "cisa-kev", f"--set={key}={value}")
    [line] = [line for line in done.stderr.splitlines() if "has no effect yet" in line]
    assert done.returncode == 0
    assert "WARNING: key has no effect yet" in line and f"key={key}" in line and "where=" in line


def test_what_init_makes_collects(bin_dir, tmp_path, simulator):
    project = tmp_path / "first"
    assert run(bin_dir, tmp_path, "init", project)[0] == 0
    settings = project / "pulse.yaml"
    settings.write_text(settings.read_text() + f"http: {{rewrite: {{'https://': '{simulator.url}/'}}}}\n")
    code, printed, complaints = run(bin_dir, project, "collect", "exchange-rates")
    assert code == 0, complaints
    with sqlite3.connect(project / "var/pulse.db") as database:
        stored = dict(database.execute("SELECT currency, rate FROM exchange_rates"))
    assert stored == {row["currency_code"]: str(row["rate"]) for row in simulator.truth("exchange_rates")}
