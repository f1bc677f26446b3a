"""Two rules for sources: output goes through the log or a program's own writer; there are no coroutines."""

from fnmatch import fnmatch

import pytest
from source_tree import ROOT, bare_code, code_files, matching_lines, write_tree

PRINTING = r"\bstd::(cout|cerr|clog)\b|\b(v?f?printf|f?puts|f?putc|putchar)\s*\(|\bfmt::v?print\s*\("
COROUTINE = r"\bco_(await|yield|return)\b|#\s*include\s*<coroutine>"

# Where a bare print is right: a bug's last words, the log's own console, and the simulator's command line.
MAY_PRINT = ["src/base/check.cpp", "src/telemetry/log*.cpp", "src/simulator/*main.cpp"]


def printing_faults(root):
    return [f"{path}:{number}: {line}" for path, text in code_files(root, "src")
            if not any(fnmatch(path, pattern) for pattern in MAY_PRINT)
            for number, line in matching_lines(text, PRINTING)]


def coroutine_faults(root):
    return [f"{path}:{number}: {line}" for path, text in code_files(root) for number, line in
            matching_lines(text, COROUTINE)]


def test_no_bare_printing():
    assert printing_faults(ROOT) == []


def test_no_coroutines():
    assert coroutine_faults(ROOT) == [], "threads, not coroutines: docs/adr/0001-threads-not-coroutines.md"


@pytest.mark.parametrize("line", [
    'std::cout << "x";', 'std::cerr << x;', 'printf("x");', 'std::printf ("x");', 'fprintf(stderr, "x");',
    'puts("x");', 'std::fputs("x", stderr);', 'fmt::print("x");', 'fmt::print(stderr, "x");',
    'int y = 1; puts("x"); // z',
])
def test_printing_is_found(tmp_path, line):
    tree = write_tree(tmp_path, {"src/http/a.cpp": "\n" + line + "\n"})
    assert [fault.split(" ")[0] for fault in printing_faults(tree)] == ["src/http/a.cpp:2:"]


@pytest.mark.parametrize("line", [
    '// std::cout << "x";', 'auto s = "printf(1)";', 'snprintf(buffer, 3, "x");', 'blueprintf(3);',
    'inputs(3);', '/* one\n printf("x") */', 'auto s = R"(puts("x"))";', "auto c = '\"'; int n = 1'000; // puts(",
    'fmt::format("x");',
])
def test_what_only_looks_like_printing(tmp_path, line):
    assert printing_faults(write_tree(tmp_path, {"src/http/a.cpp": line + "\n"})) == []


def test_where_printing_is_right(tmp_path):
    paths = ["src/base/check.cpp", "src/simulator/main.cpp", "src/simulator/proxy_main.cpp", "apps/p/app.cpp"]
    tree = write_tree(tmp_path, {path: 'std::fputs("x", stderr);\n' for path in paths})
    assert printing_faults(tree) == []


@pytest.mark.parametrize("line", ["co_await x;", "co_return;", "  co_yield 3;", "#include <coroutine>"])
def test_coroutine_is_found(tmp_path, line):
    assert len(coroutine_faults(write_tree(tmp_path, {"apps/pulse/a.cpp": line + "\n"}))) == 1


def test_what_only_looks_like_a_coroutine(tmp_path):
    tree = write_tree(tmp_path, {"src/base/a.cpp": "// co_await is not used here\nint eco_returned = 0;\n"})
    assert coroutine_faults(tree) == []


def test_bare_code_keeps_line_numbers():
    text = 'a /* 1\n2 */ b\nR"x(\n)" still )x" c // d\n"e\\"f" g\n'
    bare = bare_code(text)
    assert bare.count("\n") == text.count("\n")
    assert [letter for letter in "abcdefg" if letter in bare] == ["a", "b", "c", "g"]
