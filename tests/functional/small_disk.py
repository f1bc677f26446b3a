"""A disk of a test's own that can run full: a small tmpfs. Without the right to mount one the test is skipped.

    @pytest.fixture
    def disk(tmp_path):
        yield from small_disk(tmp_path, 1 << 20)

    with filled(disk):          # to the last byte
"""

import subprocess
from contextlib import contextmanager

import pytest


def small_disk(parent, size):
    folder = parent / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a tmpfs: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder):
    """To the last byte."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
        try:
            yield
        finally:
            ballast.unlink()
