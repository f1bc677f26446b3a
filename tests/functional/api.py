"""An HTTP API of one test's own: what it answers is the test's, when it answers too, and it remembers what was asked.

    with Api() as api:
        api.answer = lambda request: items(1, 2) if request.path == "/items" else 500
        with api.hold(lambda request: request.query.get("n") == "12") as held:
            process = pulse.start("collect", "items")
            held.wait()                                   # the request is there, and gets no answer yet
            process.kill()
        assert api.asked("n") == ["1", …]

An answer is a status, bytes, or what json.dumps() takes; `answer` may also be the one that all get.
"""

import json
import threading
import urllib.parse
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 120  # nothing here takes that long but what hangs


class Request:
    def __init__(self, target):
        parts = urllib.parse.urlsplit(target)
        self.path, self.query = parts.path, dict(urllib.parse.parse_qsl(parts.query))


class Hold:
    """Requests that wait for their answer."""

    def __init__(self, matches):
        self.matches, self.count, self.changed, self.open = matches, 0, threading.Condition(), threading.Event()

    def enter(self):
        with self.changed:
            self.count += 1
            self.changed.notify_all()
        self.open.wait(PATIENCE)

    def wait(self, count=1):
        with self.changed:
            assert self.changed.wait_for(lambda: self.count >= count, PATIENCE), f"{self.count} of {count} requests came"

    def release(self):
        self.open.set()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Api:
    def __init__(self, answer=404):
        self.answer = answer
        self.requests, self.holds = [], []
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for hold in self.holds:
            hold.release()
        self.server.shutdown()
        self.server.server_close()

    @contextmanager
    def hold(self, matches=lambda request: True):
        hold = Hold(matches)
        self.holds.append(hold)
        try:
            yield hold
        finally:
            self.holds.remove(hold)
            hold.release()

    def asked(self, key):
        return [request.query.get(key) for request in self.requests]

    def forget(self):
        self.requests.clear()

    def _handler(api):  # noqa: N805 (`self` is the handler's)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                request = Request(self.path)
                api.requests.append(request)
                for hold in list(api.holds):
                    if hold.matches(request):
                        hold.enter()
                status, body = api._encode(api.answer(request) if callable(api.answer) else api.answer)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # whoever asked is dead

            def log_message(self, *_):
                pass

        return Handler

    @staticmethod
    def _encode(answer):
        if isinstance(answer, int):
            return answer, b"{}"
        return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def items(*numbers):
    """An answer with these records, all alike but for their numbers."""
    return {"items": [{"id": number, "name": f"n{number}"} for number in numbers]}
