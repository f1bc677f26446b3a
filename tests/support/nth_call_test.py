"""nth_call.so: counts exactly, kills before the call and not after it, and leaves programs as they are."""
import os
import signal
import subprocess
import sys

LIBRARY = os.path.join(os.environ.get("BIN_DIR", "build/bin"), "nth_call.so")

# Calls in a known order: 1 write, 2 pwrite, 3 fsync, 4 ftruncate, 5 rename, 6 send, 7 recv, 8 sendmsg, 9 recvmsg,
# 10 writev, 11 fdatasync, 12 pwritev.
VICTIM = """
import os, socket, sys
os.chdir(sys.argv[1])
f = os.open("a", os.O_RDWR | os.O_CREAT)
os.write(f, b"12345")
os.pwrite(f, b"AB", 1)
os.fsync(f)
os.ftruncate(f, 4)
os.rename("a", "b")
left, right = socket.socketpair()
left.send(b"x")
assert right.recv(1) == b"x"
left.sendmsg([b"y"])
assert right.recvmsg(1)[0] == b"y"
os.writev(f, [b"6", b"7"])
os.fdatasync(f)
os.pwritev(f, [b"Z"], 0)
"""


def run(folder, program=VICTIM, **settings):
    environment = {**os.environ, "LD_PRELOAD": os.path.abspath(LIBRARY), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.update({name: str(value) for name, value in settings.items()})
    return subprocess.run([sys.executable, "-S", "-c", program, str(folder)], env=environment, timeout=60,
                          capture_output=True, text=True)


def counts_in(path):
    return {name: int(count) for name, count in (line.split() for line in path.read_text().splitlines())}


def test_counts_every_call_and_changes_nothing(tmp_path):
    done = run(tmp_path, NTH_CALL_COUNT_FILE=tmp_path / "counts", NTH_CALL_LOG_FILE=tmp_path / "log")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b").read_bytes() == b"ZAB4\x0067"
    counts = counts_in(tmp_path / "counts")
    assert counts["total"] == 12
    assert sum(count for name, count in counts.items() if name != "total" and ":" not in name) == 12
    for name in ("write", "fsync", "rename", "send", "sendmsg", "recvmsg", "writev", "fdatasync"):
        assert counts[name] == 1, name
    for names in (("pwrite", "pwrite64"), ("ftruncate", "ftruncate64"),  # or its twin for large files
                  ("pwritev", "pwritev64", "pwritev2", "pwritev64v2")):
        assert sum(counts[name] for name in names) == 1, names
    assert counts["recv"] + counts["__recv_chk"] == 1
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert [int(line[0]) for line in lines] == list(range(1, 13))
    assert lines[0][1] == "write" and int(lines[0][2]) > 2
    assert lines[4][1:] == ["rename", "-1"]


def test_kills_before_each_call(tmp_path):
    states = []
    for number in range(1, 14):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = run(folder, NTH_CALL_KILL=number, NTH_CALL_COUNT_FILE=folder / "counts")
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (folder / "counts").exists(), "written at a normal end only"
        file = next(path for path in (folder / "a", folder / "b") if path.exists())
        states.append((file.name, file.read_bytes()))
    assert number == 13, "the sweep ran through"
    assert counts_in(folder / "counts")["total"] == 12
    assert states[0] == ("a", b"")
    assert states[1] == ("a", b"12345")
    assert states[2] == states[3] == ("a", b"1AB45")
    assert states[4] == ("a", b"1AB4")
    assert states[5] == states[9] == ("b", b"1AB4")
    assert states[10] == states[11] == ("b", b"1AB4\x0067")


def test_threads_are_counted_exactly(tmp_path):
    program = """
import os, sys, threading
def work():
    f = os.open("/dev/null", os.O_WRONLY)
    for _ in range(500): os.write(f, b"x")
threads = [threading.Thread(target=work) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
"""
    done = run(tmp_path, program, NTH_CALL_COUNT_FILE=tmp_path / "counts")
    assert done.returncode == 0, done.stderr
    assert counts_in(tmp_path / "counts")["write"] == 4000


def test_errors_pass_through(tmp_path):
    program = """
import errno, os, sys
try:
    os.write(os.open("/dev/full", os.O_WRONLY), b"x")
except OSError as e:
    sys.exit(0 if e.errno == errno.ENOSPC else 1)
"""
    assert run(tmp_path, program, NTH_CALL_LOG_FILE=tmp_path / "log").returncode == 0
