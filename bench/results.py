"""Where the benchmarks put their tables: bench/results.md, a section each."""


def put(text, mark, path):
    """Between its marks in the file, which may hold other results too."""
    old = path.read_text(encoding="utf-8") if path.exists() else "# Results\n\nWritten by `./dev bench`.\n"
    section = f"{mark[0]}\n{text}{mark[1]}\n"
    if all(it in old for it in mark):
        before, rest = old.split(mark[0], 1)
        new = before + section + rest.split(mark[1], 1)[1].lstrip("\n")
    else:
        new = old.rstrip("\n") + "\n\n" + section
    path.write_text(new, encoding="utf-8")
