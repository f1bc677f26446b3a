"""deploy/demo/record.py: a command on a terminal becomes an animated SVG without a script."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import ROOT

SVG = "{http://www.w3.org/2000/svg}"
COUNT = r"""for i in 1 2 3 4 5 6 7 8; do printf '\033[H\033[1;32mrow %s\033[0m <&> \033[7mback\033[0m\n\033[4m_\033[0m' "$i"; sleep 0.15; done
printf '\033[38;5;208mthe end\033[0m\n'; exit 3"""


@pytest.fixture
def record(tmp_path):
    def run(*options, command=("bash", "-c", COUNT)):
        path = tmp_path / "pictures" / "run.svg"
        done = subprocess.run([sys.executable, str(ROOT / "deploy/demo/record.py"), f"--output={path}", "--size=40x6",
                               "--interval=0.05", *options, "--", *command],
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        return done, path.read_text(encoding="utf-8") if path.exists() else None
    return run


def frames(svg):
    """Each as a list of lines of text."""
    root = ElementTree.fromstring(svg)
    lines = {f"#{group.get('id')}": "".join(text.text for text in group.iter(f"{SVG}text"))
             for group in root.find(f"{SVG}defs")}
    film = next(group for group in root.iter(f"{SVG}g") if group.get("id") == "film")
    return [[lines[use.get("href")] for use in frame] for frame in film]


def test_shows_what_was_on_the_terminal(record):
    done, svg = record("--title", "a < b")
    assert done.returncode == 3, done.stderr
    shown = frames(svg)
    assert 2 <= len(shown) <= 10
    assert all(re.fullmatch(r"row \d<&>back", frame[0]) for frame in shown)
    assert shown[-1] == ["row 8<&>back", "_the end"]
    assert "<title>a &lt; b</title>" in svg and 'font-weight="bold"' in svg and 'text-decoration="underline"' in svg
    assert 'fill="#3fb950"' in svg and 'fill="#ff8700"' in svg  # green, and one of 256


def test_moves_by_css_alone(record):
    _, svg = record()
    assert "<script" not in svg and "<animate" not in svg and "href=\"http" not in svg
    whole, last = re.search(r"#film\{animation:film ([\d.]+)s step-end infinite;transform:(translateX\(.*?\))\}", svg).groups()
    steps = re.findall(r"([\d.]+)%\{transform:(translateX\(.*?\))\}", svg)
    assert len(steps) == len(frames(svg)) and steps[-1][1] == last  # without the animation, the last frame
    shares = [float(share) for share, _ in steps]
    assert shares[0] == 0 and shares == sorted(set(shares)) and shares[-1] < 100 and float(whole) > 5
    assert "@media (prefers-reduced-motion:reduce){#film{animation:none}}" in svg


def test_a_large_one_has_fewer_frames(record):
    _, whole = record()
    limit = len(whole.encode()) * 2 // 3
    done, svg = record(f"--limit={limit}")
    assert len(svg.encode()) <= limit
    assert 1 <= len(frames(svg)) < len(frames(whole)) and frames(svg)[-1] == ["row 8<&>back", "_the end"]
    done, _ = record("--limit=100")
    assert done.returncode == 1 and "use a larger --limit" in done.stderr


def test_begins_where_it_is_told(record):
    done, svg = record("--from=row 8")
    assert all(frame[0] == "row 8<&>back" for frame in frames(svg)) and done.stderr == ""
    done, svg = record("--from=nowhere")
    assert len(frames(svg)) >= 2 and "no frame shows 'nowhere'" in done.stderr


def test_ctrl_c_ends_it(record):
    done, svg = record("--seconds=0.5", command=("bash", "-c", "trap 'echo stopped; exit 0' INT; echo going; while :; do read -t 1; done"))
    assert done.returncode == 0
    assert frames(svg)[-1][0] == "going" and frames(svg)[-1][-1].endswith("stopped")


def test_a_command_that_does_not_exist(record):
    done, svg = record(command=("no-such-program",))
    assert done.returncode == 127 and "record: no-such-program: No such file" in frames(svg)[-1][0]
