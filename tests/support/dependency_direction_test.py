"""Which folder may include which, and where the headers of each library may appear (docs/architecture.md)."""

import re

import pytest
from source_tree import ROOT, code_files, write_tree

# From the bottom up. A folder may include those of the groups before its own, and earlier ones of its own.
GROUPS = [
    ["base"],
    ["resilience", "schedule", "decode", "expr", "checks"],
    ["config", "telemetry", "store", "http", "supervise", "control"],
    ["telegram", "outbox", "jobs"],
    ["alerts", "football"],
    ["collect", "bot", "web", "keeper"],
]
# The simulated world shares no code with what it tests; collecting and the bot do not know each other.
ONLY = {"simulator": {"base", "telemetry"}}
NEVER = {("collect", "football"), ("bot", "collect"), ("keeper", "bot"), ("keeper", "football")}

# What only one of the programs stands on; apps/program is what both need, and knows neither.
OF_ONE_PROGRAM = {"collect", "keeper", "football", "bot"}

# Library → (its headers, the folders whose .cpp files may include them).
LIBRARIES = {
    "simdjson": (r"simdjson\.h", {"decode"}),
    "libcurl": (r"curl/", {"http"}),
    "OpenSSL": (r"openssl/", {"store"}),
    "SQLite": (r"sqlite3\.h", {"store"}),
    "libpq": (r"(postgresql/)?libpq", {"store"}),
    "yaml-cpp": (r"yaml-cpp/", {"config"}),
    "libmicrohttpd": (r"microhttpd\.h", {"simulator", "web"}),
    "pugixml": (r"pugixml\.hpp", {"decode"}),
    "zlib": (r"zlib\.h", {"decode", "simulator", "telemetry"}),
    "spdlog": (r"spdlog/", {"telemetry"}),
    "date": (r"date/", {"telemetry", "schedule", "expr"}),
    "RE2": (r"re2/", {"expr"}),
    "prometheus-cpp": (r"prometheus/", {"telemetry"}),
    "nlohmann-json": (r"nlohmann/", None),  # anywhere, still only in .cpp files
    "libsystemd": (r"systemd/", {"apps"}),
    "CLI11": (r"CLI/", {"apps", "simulator"}),
}
TEST_FILE = re.compile(r"/(\w+_)?test(ing)?(_\w+)?\.[ch]pp$")  # x_test.cpp, test_x.hpp, testing.hpp
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def allowed():
    """Folder → folders it may include, itself among them."""
    table, below = {}, []
    for group in GROUPS:
        for folder in group:
            below.append(folder)
            table[folder] = {name for name in below if (folder, name) not in NEVER}
    table["apps"] = set(below)
    for folder, names in ONLY.items():
        table[folder] = names | {folder}
    return table


def library_fault(path, folder, header):
    for library, (pattern, folders) in LIBRARIES.items():
        if not re.match(pattern, header):
            continue
        if path.endswith((".hpp", ".h")) and not TEST_FILE.search(path):
            return f"a header of {library} in a header: use it in a .cpp file"
        if folders is not None and folder not in folders:
            return f"{library} belongs to {', '.join(sorted(folders))}"
    if header.startswith("gtest/") and not TEST_FILE.search(path):
        return "GoogleTest outside a test"
    if header.startswith("benchmark/") and not path.endswith("_bench.cpp"):
        return "Google Benchmark outside a benchmark"
    return None


def faults(root):
    table, found = allowed(), []
    for path, text in code_files(root):
        parts = path.split("/")
        folder = "apps" if parts[0] == "apps" else parts[1]
        if folder not in table:
            found.append(f"{path}: the folder src/{folder} has no place in GROUPS yet")
            continue
        own = table[folder] | {parts[1]}  # apps/pulse knows itself, not apps/phoenix
        if folder == "apps":
            own = own | {"program"} if parts[1] != "program" else own - OF_ONE_PROGRAM
        for quote, header in INCLUDE.findall(text):
            fault = library_fault(path, folder, header)
            if quote == '"' and "/" in header and header.split("/")[0] not in own:
                fault = f'{folder} may not include {header.split("/")[0]}'
            if fault:
                found.append(f"{path}: #include {header}: {fault}")
    return found


def test_source_tree():
    assert list(code_files(ROOT)), "no sources found: the test looks in the wrong place"
    assert faults(ROOT) == []


GOOD = {
    "src/base/check.cpp": '#include "base/check.hpp"\n#include <cstdio>\n',
    "src/http/engine.hpp": '#include "base/result.hpp"\n#include "telemetry/metrics.hpp"\n',
    "src/http/curl.cpp": "#include <curl/curl.h>\n",
    "src/http/http_test.cpp": '#include <gtest/gtest.h>\n#include "http/engine.hpp"\n',
    "src/http/test_server.hpp": "#include <gtest/gtest.h>\n",
    "src/store/sqlite.cpp": "#include <sqlite3.h>\n",
    "src/collect/run.cpp": '#include <nlohmann/json.hpp>\n#include "store/database.hpp"\n',
    "src/simulator/world.cpp": '#include "base/rng.hpp"\n#include "simulator/world.hpp"\n',
    "apps/pulse/app.cpp": '#include "pulse/app.hpp"\n#include <CLI/CLI.hpp>\n#include "collect/run.hpp"\n',
    "apps/pulse/cli.cpp": '#include "program/signals.hpp"\n',
    "apps/program/signals.cpp": '#include "program/signals.hpp"\n#include "config/settings.hpp"\n',
}


def test_good_tree(tmp_path):
    assert faults(write_tree(tmp_path, GOOD)) == []


@pytest.mark.parametrize("path, line, complaint", [
    ("src/base/x.hpp", '#include "http/url.hpp"', "base may not include http"),
    ("src/base/x.hpp", '  #  include "http/url.hpp"', "base may not include http"),
    ("src/decode/x.cpp", '#include "expr/path.hpp"', "decode may not include expr"),
    ("src/telemetry/x_test.cpp", '#include "http/url.hpp"', "telemetry may not include http"),
    ("src/bot/x.cpp", '#include "collect/run.hpp"', "bot may not include collect"),
    ("src/collect/x.cpp", '#include "bot/menu.hpp"', "collect may not include bot"),
    ("src/collect/x.cpp", '#include "football/model.hpp"', "collect may not include football"),
    ("src/simulator/x.cpp", '#include "http/url.hpp"', "simulator may not include http"),
    ("src/collect/x.cpp", '#include "simulator/world.hpp"', "collect may not include simulator"),
    ("apps/pulse/x.cpp", '#include "simulator/world.hpp"', "apps may not include simulator"),
    ("apps/pulse/x.cpp", '#include "phoenix/app.hpp"', "apps may not include phoenix"),
    ("apps/program/x.cpp", '#include "pulse/app.hpp"', "apps may not include pulse"),
    ("apps/program/x.cpp", '#include "collect/run.hpp"', "apps may not include collect"),
    ("src/web/x.cpp", '#include "program/signals.hpp"', "web may not include program"),
    ("src/base/x.cpp", '#include "fmt/format.h"', "base may not include fmt"),
    ("src/misc/x.cpp", "", "src/misc has no place"),
    ("src/http/x.hpp", "#include <curl/curl.h>", "libcurl in a header"),
    ("src/collect/x.hpp", "#include <nlohmann/json_fwd.hpp>", "nlohmann-json in a header"),
    ("src/collect/x.cpp", "#include <sqlite3.h>", "SQLite belongs to store"),
    ("src/collect/x.cpp", "#include <libpq-fe.h>", "libpq belongs to store"),
    ("src/config/latest.cpp", "#include <gtest/gtest.h>", "GoogleTest outside a test"),
    ("src/expr/x.cpp", "#include <benchmark/benchmark.h>", "outside a benchmark"),
])
def test_wrong_include_is_found(tmp_path, path, line, complaint):
    found = faults(write_tree(tmp_path, {**GOOD, path: line + "\n"}))
    assert len(found) == 1 and found[0].startswith(path) and complaint in found[0]
