"""Between pulse and PostgreSQL, on a unix socket: drops the connection at the COMMIT of a slice, before or after it.

Threads: one that accepts, one for each connection. Only the client's messages are read; what the server says passes
as it is.
"""

import select
import socket
import struct
import threading

ANSWER_LOST, COMMIT_LOST, SERVER_LOST = "answer lost", "COMMIT lost", "answer and server lost"
REFUSED = 3  # connections, until a lost server is back


class Messages:
    """Whole messages of the stream of one side."""

    def __init__(self, typed):
        self.data, self.typed = b"", typed

    def feed(self, data):
        self.data += data
        while True:
            head = 1 if self.typed else 0  # the first message of a client has no type
            if len(self.data) < head + 4:
                return
            size = head + struct.unpack_from("!I", self.data, head)[0]
            if len(self.data) < size:
                return
            message, self.data, kind = self.data[:size], self.data[size:], self.data[:head]
            self.typed = True
            yield kind, message, message[head + 4:]


class CommitProxy:
    def __init__(self, folder, target):
        self.folder, self.target = folder, target
        folder.mkdir(exist_ok=True)
        path = folder / ".s.PGSQL.5432"
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        self.lock = threading.Lock()
        self.plan, self.commits, self.happened, self.refused = None, 0, False, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, kind, number):
        """The number-th COMMIT of a slice from now on; kind None: count only."""
        with self.lock:
            self.plan, self.commits, self.happened = kind and (kind, number), 0, False
            self.refused = 0

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.happened and self.plan and self.plan[0] == SERVER_LOST and self.refused < REFUSED:
                self.refused += 1
                client.close()
                continue
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def due(self):
        with self.lock:
            self.commits += 1
            self.happened = self.happened or bool(self.plan) and self.commits == self.plan[1]
            return self.happened and self.commits == self.plan[1]

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self.target / ".s.PGSQL.5432"))
            self.pass_on(client, server)
        except OSError:
            pass  # one side is gone: so is the other, in a moment
        finally:
            client.close()
            server.close()

    def pass_on(self, client, server):
        messages, inserts, of_slice = Messages(typed=False), set(), False
        while True:
            ready, _, _ = select.select([client, server], [], [])
            if server in ready:
                data = server.recv(65536)
                if not data:
                    return
                client.sendall(data)
            if client not in ready:
                continue
            data = client.recv(65536)
            if not data:
                return
            for kind, message, body in messages.feed(data):
                if kind == b"P":
                    name, sql = body.split(b"\0")[:2]
                    if sql.startswith(b"INSERT") and b"slices" in sql:
                        inserts.add(name)
                elif kind == b"B":
                    of_slice = of_slice or body.split(b"\0")[1] in inserts
                elif kind == b"Q" and body.startswith((b"COMMIT", b"ROLLBACK")):
                    if of_slice and body.startswith(b"COMMIT") and self.due():
                        self.drop(server, message)
                        return
                    of_slice = False
                server.sendall(message)

    def drop(self, server, message):
        if self.plan[0] == COMMIT_LOST:
            return
        server.sendall(message)
        answers = Messages(typed=True)
        while data := server.recv(65536):
            if any(kind == b"Z" for kind, _, _ in answers.feed(data)):
                return

    def close(self):
        self.listener.close()
