"""`http2: true` against a server that speaks nothing else, nghttpd, and HTTP/1.1 everywhere it is not written."""

import json
import os
import re
import shutil
import ssl
import subprocess

import pytest
from api import Api, items
from certificates import make_certificate
from conftest import END_WITH_PARENT, FaultProxy
from project import Project, Sqlite, wait_until

PROGRAM = shutil.which("nghttpd", path=os.environ.get("PATH", "") + ":/usr/sbin") or "nghttpd"
ROWS, NAME_BYTES = 2000, 10_000  # an answer of 20 MB


class Nghttpd:
    """Serves the files of a folder over TLS and HTTP/2; what it saw is in `log`, in the words of its --verbose."""

    def __init__(self, folder, log, certificate):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen([*END_WITH_PARENT, PROGRAM, "--verbose", "--address=127.0.0.1", f"--htdocs={folder}",
                                             "0", str(certificate[1]), str(certificate[0])],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            wait_until(lambda: self._port() or self.process.poll() is not None)
            self.port = self._port()
            assert self.port, self.said()
        except BaseException:
            self.kill()
            raise
        self.url = f"https://127.0.0.1:{self.port}"

    def _port(self):
        """It does not tell which free one it took; the kernel does."""
        try:
            descriptors = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{self.process.pid}/fd")]
            with open(f"/proc/{self.process.pid}/net/tcp") as table:
                rows = [line.split() for line in table][1:]
        except OSError:
            return None
        ports = [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in descriptors]
        return ports[0] if ports else None

    def said(self):
        return self.log.read_text(errors="replace")

    def asked(self):
        """(connection, stream, path) of every request."""
        return [(int(connection), int(stream), path) for connection, stream, path in
                re.findall(r"\[id=(\d+)\] .* recv \(stream_id=(\d+)\) :path: (\S+)", self.said())]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"), "server", "IP:127.0.0.1")


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def server(files, tmp_path, certificate):
    with Nghttpd(files, tmp_path / "nghttpd.log", certificate) as server:
        yield server


class World(Project):
    """A project whose https://api.example is a server of the test's, and whose authority is its certificate."""

    def __init__(self, program, folder, certificate):
        super().__init__(program, folder, "")
        self.certificate, self.store = certificate, Sqlite(folder / "pulse.db")

    def look_at(self, url):
        self.url = url
        self.settings(self.store)
        settings = json.loads(self.config.read_text())
        settings["http"]["ca_file"] = str(self.certificate[0])
        self.config.write_text(json.dumps(settings))

    def ask(self, path, http2=True, begin=False, **more):
        requester = {"url_base": "https://api.example", "path": path, "timeout": "1m",
                     "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 1}}}
        self.collector(requester=requester | ({"http2": True} if http2 else {}), **more)
        return self.begin() if begin else self.collect()

    def ids(self):
        return [int(cell) for (cell,) in self.store.query("SELECT id FROM items ORDER BY id")]


@pytest.fixture
def world(bin_dir, tmp_path, certificate):
    return World(bin_dir / "pulse", tmp_path, certificate)


def write(folder, name, value):
    (folder / name).write_text(json.dumps(value))


def large():
    return {"items": [{"id": number, "name": f"{number:05}" * (NAME_BYTES // 5)} for number in range(ROWS)]}


def test_http2_is_spoken_where_it_is_asked_for(world, server, files):
    write(files, "items.json", items(1, 2))
    world.look_at(server.url)
    assert world.ask("/items.json").summary() == (0, "success")
    assert world.ids() == [1, 2]
    assert "The negotiated protocol: h2" in server.said()
    assert server.asked() == [(1, 1, "/items.json")]


def test_it_is_not_even_offered_where_it_is_not(world, server, files):
    """This server has no other protocol, so the run fails."""
    write(files, "items.json", items(1, 2))
    world.look_at(server.url)
    run = world.ask("/items.json", http2=False)
    assert run.summary() == (3, "failed") and run.failure_type == "transient"
    assert " * http/1.1" in server.said() and " * h2" not in server.said()
    assert server.asked() == []


@pytest.mark.parametrize("http2, spoken, agreed", [
    (False, ["h2", "http/1.1"], "http/1.1"),
    (True, ["http/1.1"], "http/1.1"),  # a server that has not got it is asked in HTTP/1.1
], ids=["not asked for", "not spoken"])
def test_http_1_1_is_spoken_else(world, certificate, http2, spoken, agreed):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(spoken)
    with Api(items(1, 2), tls=context) as api:
        world.look_at(api.url)
        assert world.ask("/items.json", http2=http2).summary() == (0, "success")
        assert [request.protocol for request in api.requests] == [agreed]
    assert world.ids() == [1, 2]


def test_a_large_answer_arrives_whole(world, server, files):
    write(files, "items.json", large())
    world.look_at(server.url)
    run = world.ask("/items.json")
    assert run.summary() == (0, "success") and run.counts["inserted"] == ROWS
    assert run.counts["received_bytes"] == (files / "items.json").stat().st_size > 20_000_000
    ((rows, size, least),) = world.store.query("SELECT count(*), sum(length(name)), min(length(name)) FROM items")
    assert (int(rows), int(size), int(least)) == (ROWS, ROWS * NAME_BYTES, NAME_BYTES)


def test_pages_come_over_one_connection(world, server, files):
    for page in range(1, 11):
        write(files, f"page{page}.json", items(2 * page - 1, 2 * page) |
              {"next": f"https://api.example/page{page + 1}.json" if page < 10 else None})
    world.look_at(server.url)
    run = world.ask("/page1.json", paginator={"type": "next_url", "path": "next"})
    assert run.summary() == (0, "success") and run.counts["pages"] == 10
    assert world.ids() == list(range(1, 21))
    assert server.asked() == [(1, 2 * page - 1, f"/page{page}.json") for page in range(1, 11)]


def test_partitions_come_over_one_connection(world, server, files):
    names = ["a", "b", "c", "d", "e"]
    for number, name in enumerate(names):
        write(files, f"{name}.json", items(number))
    world.look_at(server.url)
    run = world.ask("/{{ partition.name }}.json", partition_router={"type": "list", "values": names, "as": "name"})
    assert run.summary() == (0, "success") and world.ids() == [0, 1, 2, 3, 4]
    assert sorted(path for _, _, path in server.asked()) == [f"/{name}.json" for name in names]
    assert {connection for connection, _, _ in server.asked()} == {1}


def test_an_answer_that_is_none_is_judged_as_ever(world, server):
    world.look_at(server.url)
    run = world.ask("/not-there.json")
    assert run.summary() == (3, "failed") and run.failure_type == "endpoint_gone"
    assert "api.example answered 404 Not Found" in run.error


def test_a_server_that_dies_in_the_middle_of_an_answer_is_a_fault_that_passes(world, server, files, bin_dir, tmp_path, certificate):
    write(files, "items.json", large())
    with FaultProxy(bin_dir, tmp_path / "fault-proxy.log", f"127.0.0.1:{server.port}") as proxy:
        proxy.command("bandwidth 500000")  # the answer would take 40 s
        world.look_at(proxy.url.replace("http://", "https://"))
        with world.ask("/items.json", begin=True) as running:
            wait_until(lambda: "send DATA frame" in server.said())
            server.kill()
            proxy.command("clear")  # what is still on its way may come quickly
            run = running.end()
    assert run.summary() == (3, "failed") and run.failure_type == "transient"
    assert run.counts["requests"] == 1 and "api.example: the " in run.error and "broke" in run.error
    assert not world.store.has("items") or world.ids() == []

    with Nghttpd(files, tmp_path / "nghttpd-again.log", certificate) as again:
        world.look_at(again.url)
        run = world.ask("/items.json")
        assert run.summary() == (0, "success") and run.counts["inserted"] == ROWS
