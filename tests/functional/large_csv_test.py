"""64 MB of CSV, as RFC 4180 allows it, through the program: every cell arrives, and memory stays bounded."""

import http.server
import resource
import sqlite3
import threading

import pytest

MIB = 1 << 20
SIZE = 63 * MIB  # the default max_response_size is 64 MiB


def body():
    """Quotes, CRLF, line breaks inside of cells, a BOM, and a ragged row; all but the last from one pattern."""
    lines = ["\ufeffid,name,note,empty,amount\r\n"]
    size, count = 0, 0
    while size < SIZE:
        note = f"line one of {count}\r\nline \"\"two\"\", with a comma" + " and so on" * (count % 7)
        lines.append(f'{count},"Ação {count}","{note}",,{count}.50\r\n')
        size += len(lines[-1].encode())
        count += 1
    lines.insert(3, "ragged,row\r\n")
    return "".join(lines).encode(), count


class Quiet(http.server.BaseHTTPRequestHandler):
    content = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    Quiet.content, count = body()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", count
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_cell_arrives_in_bounded_memory(served, pulse):
    url, count = served
    file = pulse.folder / "big.yaml"
    file.write_text(f"""
name: big
requester: {{url_base: {url}, path: /big.csv}}
fields:
  id: {{path: id, type: bigint}}
  name: name
  note: note
  empty: {{path: empty, type: integer}}
  amount: {{path: amount, type: number}}
destination: {{table: big, primary_key: [id]}}
""", encoding="utf-8")
    done = pulse("collect", file, timeout=600)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(pulse.database) as database:
        assert database.execute("SELECT count(*), count(empty) FROM big").fetchone() == (count, 0)
        for number in (0, 1, count // 2, count - 1):
            note = f'line one of {number}\r\nline "two", with a comma' + " and so on" * (number % 7)
            row = database.execute("SELECT name, note, amount FROM big WHERE id = ?", (number,)).fetchone()
            assert row == (f"Ação {number}", note, f"{number}.50")
        assert database.execute("SELECT count(*) FROM pulse_quarantine").fetchone() == (1,)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"peak memory of the children: {peak / MIB:.0f} MiB for {len(Quiet.content) / MIB:.0f} MiB of CSV, {count} rows")
    assert peak < 16 * SIZE  # sanitizers and their shadow included; a release build needs far less
