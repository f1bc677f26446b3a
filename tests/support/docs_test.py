"""Documents keep up with the tree: links lead to files; every library and package has its reason."""

import re

from source_tree import ROOT, write_tree

LINK = re.compile(r"(?<!\!)\[[^\]\[]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|!\[[^\]]*\]\(([^)\s]+)\)")
TOOLCHAIN = {"Threads", "PkgConfig"}  # found by CMake, but no library of ours


def documents(root):
    return sorted(root.glob("*.md")) + sorted((root / "docs").rglob("*.md"))


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def dead_links(root):
    dead = []
    for document in documents(root):
        for match in LINK.finditer(without_code(document.read_text(encoding="utf-8"))):
            target = (match.group(1) or match.group(2)).split("#")[0]
            if re.match(r"[a-z]+:", target) or not target:
                continue
            if not (document.parent / target).exists():
                dead.append(f"{document.relative_to(root)}: {target}")
    return dead


def unexplained(names, table):
    """Names that no line of a Markdown table holds between `backticks`."""
    rows = [line for line in table.splitlines() if line.startswith("|")]
    known = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
    return [name for name in names if name not in known]


def libraries(cmake):
    names = re.findall(r"^find_package\((\S+)", cmake, re.MULTILINE)
    names += re.findall(r"^pkg_check_modules\((\S+)", cmake, re.MULTILINE)
    return [name for name in names if name not in TOOLCHAIN]


def packages(script):
    arrays = re.findall(r"^\w+_packages=\((.*?)\)", script, re.MULTILINE | re.DOTALL)
    return [name for array in arrays for name in re.sub(r"#.*", "", array).split()]


def test_links_lead_to_files():
    assert documents(ROOT)
    assert dead_links(ROOT) == []


def test_every_library_has_its_reason():
    names = libraries((ROOT / "cmake/Dependencies.cmake").read_text(encoding="utf-8"))
    assert "simdjson" in names and "microhttpd" in names
    assert unexplained(names, (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")) == []


def test_every_package_has_its_reason():
    names = packages((ROOT / "dev").read_text(encoding="utf-8"))
    assert "g++" in names and "libcurl4-openssl-dev" in names and "clang" in names
    assert unexplained(names, (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")) == []


def test_dead_link_is_found(tmp_path):
    tree = write_tree(tmp_path, {
        "README.md": "[a](docs/a.md) [b](docs/b.md#part) [c](https://x.org/y) [d](#here) ![e](e.png)\n"
                     "`[f](f.md)`\n```\n[g](g.md)\n```\n",
        "docs/a.md": "[up](../README.md) [dead](c.md)\n"})
    assert dead_links(tree) == ["README.md: docs/b.md", "README.md: e.png", "docs/a.md: c.md"]


def test_unexplained_is_found():
    assert unexplained(["fmt", "CURL"], "| `fmt` | x |\n`CURL` in a sentence does not count\n") == ["CURL"]
    cmake = "find_package(Threads REQUIRED)\nfind_package(fmt REQUIRED)\npkg_check_modules(mhd X)\n"
    assert libraries(cmake) == ["fmt", "mhd"]
    assert packages("a_packages=(\n  x y  # z\n)\nb_packages=(w)\nother=(v)\n") == ["x", "y", "w"]
