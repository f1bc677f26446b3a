"""The resilience library as others get it: installed, found by CMake, and a program built against it that runs."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

PATIENCE = 300
EXAMPLE = ROOT / "examples/resilience"
VERSION = re.search(r"VERSION (\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8").split("project(")[1])[1]


@pytest.fixture(scope="module")
def cache(bin_dir):
    """The settings of the build, which the example is built with as well."""
    folder = Path(os.environ.get("BUILD_DIR", bin_dir.parent))
    text = (folder / "CMakeCache.txt").read_text(encoding="utf-8")
    settings = dict(re.findall(r"^([\w-]+):\w+=(.*)$", text, flags=re.MULTILINE))
    if settings["SANITIZE"]:
        pytest.skip("a library with sanitizers needs a program with the same ones")
    return {"folder": folder, **settings}


def command(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


def configure(cache, prefix, source, build):
    return command("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
                   f"-DCMAKE_CXX_COMPILER={cache['CMAKE_CXX_COMPILER']}",
                   "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror")


@pytest.fixture(scope="module")
def prefix(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    code, text = command("cmake", "--install", cache["folder"], "--component", "resilience", "--prefix", folder)
    assert code == 0, text
    return folder


def test_what_is_installed(prefix):
    files = {path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if path.is_file()}
    assert "include/phoenix_pulse/resilience/pipeline.hpp" in files
    assert not [path for path in files if path.endswith(".cpp") or path.startswith("bin/")]
    headers = {path.split("phoenix_pulse/")[1] for path in files if path.endswith(".hpp")}
    for header in sorted(headers):
        text = (prefix / "include/phoenix_pulse" / header).read_text(encoding="utf-8")
        missing = set(re.findall(r'#include "([^"]+)"', text)) - headers
        assert not missing, f"{header} includes {missing}, which are not installed"
    for path in prefix.rglob("*.cmake"):
        assert str(ROOT) not in path.read_text(encoding="utf-8"), f"{path} knows where it was built"


def test_the_example_builds_and_runs(cache, prefix, tmp_path):
    for words in (lambda: configure(cache, prefix, EXAMPLE, tmp_path), lambda: command("cmake", "--build", tmp_path)):
        code, text = words()
        assert code == 0, text
    code, text = command(tmp_path / "resilience_example")
    assert code == 0, text
    assert "answered: hello" in text and "the circuit breaker is open" in text, text
    calls = re.search(r"(\d+) guarded calls: (\d+) answered, (\d+) failed, (\d+) rejected", text)
    total, answered, failed, rejected = map(int, calls.groups())
    assert total == answered + failed + rejected
    assert rejected > total / 2, "an hour of outage is spent rejecting"


def test_every_header_compiles_alone(cache, prefix, tmp_path):
    names = sorted(path.name for path in (prefix / "include/phoenix_pulse/resilience").glob("*.hpp"))
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(headers LANGUAGES CXX)\n"
        f"find_package(phoenix_pulse {VERSION} COMPONENTS resilience REQUIRED)\nfile(GLOB sources *.cpp)\n"
        "add_library(headers OBJECT ${sources})\ntarget_link_libraries(headers PRIVATE phoenix_pulse::resilience)\n",
        encoding="utf-8")
    for name in names:
        (tmp_path / f"{name}.cpp").write_text(f'#include "resilience/{name}"\n', encoding="utf-8")
    code, text = configure(cache, prefix, tmp_path, tmp_path / "build")
    assert code == 0, text
    code, text = command("cmake", "--build", tmp_path / "build")
    assert code == 0, text


def test_a_component_that_is_not_there(cache, prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES CXX)\n"
        "find_package(phoenix_pulse COMPONENTS resilience coffee REQUIRED)\n", encoding="utf-8")
    code, text = configure(cache, prefix, tmp_path, tmp_path / "build")
    assert code != 0 and 'no component "coffee"' in " ".join(text.split()), text
