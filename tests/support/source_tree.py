"""What the house tests share: the files of the source tree, and C++ text without comments and literals."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = (".hpp", ".cpp", ".h", ".c")


def code_files(root, *folders):
    """(path relative to root, text) of every C and C++ file below the folders, in a stable order."""
    for folder in folders or ("src", "apps"):
        for path in sorted((Path(root) / folder).rglob("*")):
            if path.suffix in CODE and path.is_file():
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def write_tree(root, files):
    """A made-up tree for tests of the checkers: {relative path: text}."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


_NOT_CODE = re.compile(
    r"""  //[^\n]*
        | /\*.*?\*/
        | R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"
        | "(?:\\.|[^"\\\n])*"
        | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'      # not the ' of 1'000
    """,
    re.VERBOSE | re.DOTALL,
)


def bare_code(text):
    """The text with comments and literals blanked out; every line stays at its number."""
    return _NOT_CODE.sub(lambda match: '""' + "\n" * match.group().count("\n"), text)


def matching_lines(text, pattern):
    """(line number, line) of every line of bare code in which the pattern occurs."""
    return [(number, line.strip()) for number, line in enumerate(bare_code(text).splitlines(), 1)
            if re.search(pattern, line)]
