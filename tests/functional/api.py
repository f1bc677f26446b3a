"""An HTTP API of one test's own: what it answers is the test's, when it answers too, and it remembers what was asked.

    with Api() as api:
        api.answer = lambda request: items(1, 2) if request.path == "/items" else 500
        with api.hold(lambda request: request.query.get("n") == "12") as held:
            process = pulse.start("collect", "items")
            held.wait()                                   # the request is there, and gets no answer yet
            process.kill()
        assert api.asked("n") == ["1", …]

With `tls`, an ssl.SSLContext, it speaks https, and a request's `protocol` is what was agreed on (ALPN).

An answer is a status, bytes, an Answer with headers of its own, or what json.dumps() takes; `answer` may also be the one
that all get.
"""

import json
import threading
import time
import urllib.parse
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 120  # nothing here takes that long but what hangs


class Request:
    """`arrived` and `answered` are times of the steady clock: when it was here, and just before the answer left."""

    def __init__(self, target, headers):
        parts = urllib.parse.urlsplit(target)
        self.path, self.query = parts.path, dict(urllib.parse.parse_qsl(parts.query))
        self.target, self.headers = target, {name.lower(): value for name, value in headers.items()}
        self.arrived, self.answered = time.monotonic(), None
        self.protocol = None


class Answer:
    """`headers` replaces what would be sent else; a list is sent as several headers of that name."""

    def __init__(self, body=b"{}", status=200, headers=None):
        self.body, self.status, self.headers = body, status, headers or {}

    def lines(self, date):
        headers = {"Date": date, "Content-Type": "application/json", **self.headers, "Content-Length": str(len(self.body))}
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                yield name, one


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
    def __init__(self, answer=404, tls=None):
        self.answer = answer
        self.requests, self.holds = [], []
        self.server = Server(("127.0.0.1", 0), self._handler())
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
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
                request = Request(self.path, self.headers)
                if hasattr(self.connection, "selected_alpn_protocol"):
                    request.protocol = self.connection.selected_alpn_protocol()
                api.requests.append(request)
                for hold in list(api.holds):
                    if hold.matches(request):
                        hold.enter()
                answer = api._encode(api.answer(request) if callable(api.answer) else api.answer)
                request.answered = time.monotonic()
                try:
                    self.send_response_only(answer.status)
                    for name, value in answer.lines(self.date_time_string()):
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True  # whoever asked is dead

            def log_message(self, *_):
                pass

        return Handler

    @staticmethod
    def _encode(answer):
        if isinstance(answer, Answer):
            return answer
        if isinstance(answer, int):
            return Answer(status=answer)
        return Answer(answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def items(*numbers):
    """An answer with these records, all alike but for their numbers."""
    return {"items": [{"id": number, "name": f"n{number}"} for number in numbers]}
