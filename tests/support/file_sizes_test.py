"""Guides, not walls: header ≤ 150 lines, source ≤ 400, function ≤ 70. Larger ones are only printed:

    /usr/bin/python3 tests/support/file_sizes_test.py
"""

import re

from source_tree import ROOT, bare_code, code_files, write_tree

HEADER, SOURCE, FUNCTION = 150, 400, 70
NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|if|for|while|switch|catch|do|else|try)\b")


def functions(text):
    """(line, name, lines) of every function definition, roughly: from its signature to its last brace.

    A lambda or a block belongs to the function around it. A TEST(Suite, name) is a function named Suite.name.
    """
    directive = re.compile(r"^[ \t]*#(?:.*\\\n)*.*$", re.MULTILINE)
    code = directive.sub(lambda match: "\n" * match.group().count("\n"), bare_code(text))
    found, function = [], None
    blocks, start = [], 0  # the braces that are open, and where the current statement starts
    for match in re.finditer(r"[{};]", code):
        mark, here, head = match.group(), match.start(), code[start:match.start()]
        if mark == "{":
            # `x{1}` and `f(a, {})` hold values; clang-format puts a space before every block.
            blocks.append(head[-1:].isspace() and head.count("(") <= head.count(")"))
            if not blocks[-1]:
                continue
            if function is None and is_signature(head):
                first = code.count("\n", 0, start + len(head) - len(head.lstrip())) + 1
                function = (len(blocks), first, function_name(head))
        elif mark == "}" and blocks:
            if function and len(blocks) == function[0]:
                found.append((function[1], function[2], code.count("\n", 0, here) + 2 - function[1]))
                function = None
            if not blocks.pop():
                continue
        start = match.end()
    return found


def is_signature(head):
    plain = re.sub(r"<[^<>]*>|\([^()]*\)", "", head)
    a_value = re.search(r"=\s*$|\]\s*(\([^()]*\))?\s*$", head)  # an initialiser, a lambda
    return "(" in head and not a_value and not NOT_A_FUNCTION.search(plain)


def function_name(head):
    test = re.match(r"\s*(TEST(?:_[FP])?|TYPED_TEST)\s*\(\s*(\w+)\s*,\s*(\w+)", head)
    if test:
        return f"{test.group(2)}.{test.group(3)}"
    name = re.search(r"([\w:~]+|operator\s*\S+?)\s*\(", head)
    return name.group(1) if name else head.strip()


def large(root):
    lines = []
    for path, text in code_files(root, "src", "apps", "tests"):
        length, guide = text.count("\n"), HEADER if path.endswith((".hpp", ".h")) else SOURCE
        if length > guide:
            lines.append(f"{path}: {length} lines (guide {guide})")
        lines += [f"{path}:{line}: {name} has {size} lines (guide {FUNCTION})"
                  for line, name, size in functions(text) if size > FUNCTION]
    return lines


SAMPLE = """\
#define TWICE(x) \\
  { x; x; }
namespace a {
struct S {
  int f() const { return 1; }
  S() : x_{1},
        y_(2) {
    go();
  }
};
template <typename T>
Result<std::map<int, T>> long_one(int a,
                                  std::function<void()> b = {}) {
  if (a > 1) {
    each([&](int x) { return x; });
  }
  const char* brace = "}";  // }
  return {};
}
const auto table = std::array{f(1), f(2)};
auto lambda = [](int x) {
  return x;
};
enum class E { one };
bool operator==(const S& l, const S& r) { return true; }
TEST(Suite, case_one) {
}
}  // namespace a
"""


def test_functions_are_counted():
    by_name = {name: (line, size) for line, name, size in functions(SAMPLE)}
    assert by_name["f"] == (5, 1)
    assert by_name["S"] == (6, 4)
    assert by_name["long_one"] == (11, 9)
    assert by_name["Suite.case_one"] == (26, 2)
    assert by_name["operator=="] == (25, 1)
    assert len(by_name) == 5


def test_large_ones_are_reported(tmp_path):
    lines = [f"  int x{n} = {n};\n" for n in range(FUNCTION - 1)]
    tree = write_tree(tmp_path, {
        "src/a/long.hpp": "// x\n" * (HEADER + 1), "src/a/fits.hpp": "// x\n" * HEADER,
        "src/a/long.cpp": "// x\n" * (SOURCE + 1), "src/a/fits.cpp": "// x\n" * SOURCE,
        "apps/p/long.cpp": "void f() {\n" + "".join(lines) + "}\n",
        "apps/p/fits.cpp": "void f() {\n" + "".join(lines[1:]) + "}\n"})
    assert [line.split(" ")[0] for line in large(tree)] == [
        "src/a/long.cpp:", "src/a/long.hpp:", "apps/p/long.cpp:1:"]


def test_report(capsys):
    with capsys.disabled():
        for line in large(ROOT):
            print("\nlarge:", line, end="")


if __name__ == "__main__":
    print("\n".join(large(ROOT)) or "everything is within the guides")
