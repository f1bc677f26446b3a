"""An answer that is committed already is recognised by its ETag, its Last-Modified or its bytes; one whose rows are not
committed never is."""

import json
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from api import PATIENCE
from project import Postgres, Project, Sqlite, postgres_server, store  # noqa: F401 (fixtures)

ITEMS = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
ASKS = ("If-None-Match", "If-Modified-Since")


class Api:
    """Knows its own version, and answers 304 to who knows it too."""

    def __init__(self):
        self.records, self.etag, self.modified, self.pages = ITEMS, 'W/"v 1"', None, 1
        self.asked = []  # of each request, what it asks conditionally with
        self.arrived, self.open = threading.Event(), threading.Event()
        self.open.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()

    def body(self, path):
        if self.pages == 1:
            return {"items": self.records}
        page = int(path.rpartition("page=")[2])
        return {"items": [{"id": page}] if page <= self.pages else []}

    def handler(api):  # noqa: N805 (`self` is the handler's)
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                api.asked.append(tuple(self.headers[name] for name in ASKS))
                known = self.headers["If-None-Match"]
                same = known == api.etag if known else api.modified and self.headers["If-Modified-Since"] == api.modified
                try:
                    if same:
                        self.send_response(304)
                        self.end_headers()
                        return
                    body = json.dumps(api.body(self.path)).encode()
                    self.send_response(200)
                    for name, value in (("ETag", api.etag), ("Last-Modified", api.modified), ("Content-Length", len(body))):
                        if value is not None:
                            self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body[:1])
                    self.wfile.flush()
                    api.arrived.set()
                    api.open.wait(PATIENCE)
                    self.wfile.write(body[1:])
                except OSError:
                    self.close_connection = True  # whoever asked is dead

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def api():
    server = Api()
    yield server
    server.close()


@pytest.fixture
def project(bin_dir, tmp_path, api):
    return Project(bin_dir / "pulse", tmp_path, api.url)


def make(project, conditional="auto", **more):
    project.collector(requester={"url_base": "https://api.example", "path": "/items", "conditional": conditional,
                                 "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 1}}}, **more)


def collect(project, api, *arguments, code=0):
    """The outcome, and what was asked with in its one request."""
    api.asked.clear()
    run = project.collect("items", *arguments)
    assert run.code == code, run.stderr
    assert len(api.asked) == 1
    return run.outcome, api.asked[0]


EVERYTHING = ("success", (None, None))


def touched(store):  # noqa: F811
    return store.query("SELECT id, name, _run_id, _loaded_at FROM items ORDER BY id")


@pytest.mark.parametrize("etag, modified", [('W/"v 1"', None), ('"strong"', "Sun, 06 Nov 1994 08:49:37 GMT"),
                                            (None, "Sun, 06 Nov 1994 08:49:37 GMT"), (None, None)],
                         ids=["weak", "both", "date", "bytes"])
def test_what_is_committed_is_not_touched_again(store, api, project, etag, modified):  # noqa: F811
    api.etag, api.modified = etag, modified
    make(project, schedule={"every": "1h"})
    assert collect(project, api) == EVERYTHING
    before = touched(store)
    assert collect(project, api) == ("not_modified", (etag, modified))
    assert touched(store) == before
    assert store.query(f"SELECT state, records, staged, inserted, updated, unchanged FROM {store.ledger('runs')} "
                       "ORDER BY started_at DESC LIMIT 1") == [("not_modified", "0", "0", "0", "0", "0")]

    api.records = [*ITEMS, {"id": 3, "name": "c"}]
    api.etag = etag and '"2"'
    api.modified = modified and "Mon, 07 Nov 1994 08:49:37 GMT"
    assert collect(project, api) == ("success", (etag, modified))
    assert [row[0] for row in touched(store)] == ["1", "2", "3"] and touched(store)[:2] == before
    assert collect(project, api) == ("not_modified", (api.etag, api.modified))


def test_a_date_as_young_as_the_answer_is_not_believed(store, api, project):  # noqa: F811
    api.etag, api.modified = None, formatdate(usegmt=True)
    make(project)
    assert collect(project, api) == EVERYTHING
    assert collect(project, api) == ("not_modified", (None, None))
    api.records = [*ITEMS, {"id": 3, "name": "c"}]  # within the same second
    assert collect(project, api) == EVERYTHING
    assert [row[0] for row in touched(store)] == ["1", "2", "3"]


def test_an_answer_with_bad_rows_is_asked_for_again(store, api, project):  # noqa: F811
    make(project, max_bad_rows=1)
    api.records = [*ITEMS, {"id": "x"}]
    for _ in range(2):
        assert collect(project, api) == EVERYTHING
    api.records = [*ITEMS, {"id": 3, "name": "c"}]  # mended under the same ETag
    assert collect(project, api) == EVERYTHING
    assert collect(project, api)[0] == "not_modified"


def test_it_is_said_in_the_same_words_everywhere(store, api, project):  # noqa: F811
    make(project, schedule={"every": "1h"})
    collect(project, api)
    collect(project, api)
    runs = project("runs", "--json")
    assert [run["outcome"] for run in json.loads(runs.stdout)] == ["not_modified", "success"]
    assert "not_modified" in project("runs").stdout
    status = project("status", "--json")
    (line,) = json.loads(status.stdout)["collectors"]
    assert status.returncode == 0 and line["condition"] == "healthy" and line["last_run"]["outcome"] == "not_modified"
    assert line["last_success"] == line["last_run"]["ended"]


def test_a_rejected_batch_is_asked_for_again(store, api, project):  # noqa: F811
    make(project, max_bad_rows=0)
    api.records = [*ITEMS, {"id": "x"}]
    assert collect(project, api, code=1) == ("rejected", (None, None))
    assert collect(project, api, code=1) == ("rejected", (None, None))
    api.records = ITEMS  # mended under the same ETag
    assert collect(project, api) == EVERYTHING
    assert collect(project, api)[0] == "not_modified"


def test_a_run_that_was_killed_leaves_nothing_known(store, api, project):  # noqa: F811
    make(project)
    api.open.clear()
    with project.begin() as running:
        assert api.arrived.wait(PATIENCE)
        running.kill()
    api.open.set()
    store.expire_leases()
    assert collect(project, api) == EVERYTHING
    assert [row[0] for row in touched(store)] == ["1", "2"]
    assert collect(project, api)[0] == "not_modified"


def test_another_definition_asks_for_everything(store, api, project):  # noqa: F811
    make(project)
    collect(project, api)
    make(project, description="another")
    assert collect(project, api) == EVERYTHING
    make(project)
    assert collect(project, api) == EVERYTHING
    assert collect(project, api)[0] == "not_modified"


def test_what_is_switched_off_is_never_sent(store, api, project):  # noqa: F811
    make(project, conditional=False)
    for _ in range(3):
        assert collect(project, api) == EVERYTHING


def test_pages_are_never_asked_conditionally(store, api, project):  # noqa: F811
    api.pages = 2
    make(project, paginator={"type": "page", "page_parameter": "page"})
    for _ in range(3):
        api.asked.clear()
        assert project.collect().summary() == (0, "success")
        assert len(api.asked) >= 2 and set(api.asked) == {(None, None)}


@pytest.mark.parametrize("damage", ["DROP TABLE items", "DELETE FROM items"])
def test_a_table_that_lost_its_rows_gets_them_back(store, api, project, damage):  # noqa: F811
    make(project)
    collect(project, api)
    store.query(damage)
    assert collect(project, api) == EVERYTHING
    assert [row[0] for row in touched(store)] == ["1", "2"]


def test_who_wants_everything_gets_it(store, api, project):  # noqa: F811
    make(project)
    collect(project, api)
    assert collect(project, api, "--fresh") == EVERYTHING
    api.asked.clear()
    assert project("collect", "items", "--dry-run").returncode == 0
    assert api.asked == [(None, None)]
    assert collect(project, api)[0] == "not_modified"


@pytest.mark.parametrize("rows", ["sqlite", "postgresql"])
def test_a_destination_of_its_own(postgres_server, tmp_path, api, project, rows):  # noqa: F811
    warehouse = Sqlite(tmp_path / "warehouse.db") if rows == "sqlite" else Postgres(postgres_server)
    project.settings(Sqlite(tmp_path / "pulse.db"), warehouse=warehouse)
    make(project, destination={"database": "warehouse"})
    assert collect(project, api) == EVERYTHING
    assert collect(project, api) == ("not_modified", (api.etag, None))
    # Brought back from a backup that knows nothing of this: the ledger's word is not enough.
    warehouse.query(f"DELETE FROM {warehouse.ledger('loads')} WHERE run = ''")
    warehouse.query("DELETE FROM items WHERE id = 2")
    assert collect(project, api) == EVERYTHING
    assert [row[0] for row in touched(warehouse)] == ["1", "2"]
