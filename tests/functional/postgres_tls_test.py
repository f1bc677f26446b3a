"""TLS to PostgreSQL: the modes of libpq's URL, with certificates of the test's own."""

import os
import shutil

import pytest
from certificates import make_certificate
from postgres import PASSWORD, PostgresServer, configure


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    with PostgresServer() as server:
        for file, kind in zip(make_certificate(folder, "server", "IP:127.0.0.1"), ("crt", "key")):
            copy = shutil.copy(file, server.folder / f"server.{kind}")
            os.chmod(copy, 0o600)
            if server.identity:
                os.chown(copy, server.identity["user"], server.identity["group"])
        server.query(f"ALTER SYSTEM SET ssl_cert_file = '{server.folder}/server.crt'")
        server.query(f"ALTER SYSTEM SET ssl_key_file = '{server.folder}/server.key'")
        server.query("ALTER SYSTEM SET ssl = on")
        (server.folder / "data/pg_hba.conf").write_text(
            "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        server.restart("fast")
        server.root, server.other_root = folder / "server.crt", make_certificate(folder, "other", "IP:127.0.0.1")[0]
        yield server


def collect(pulse, server, database, parameters):
    configure(pulse, f"{server.url(database)}?{parameters}")
    return pulse("collect", "cisa-kev", "--wait", "0s")


def test_a_certificate_is_verified(server, simulator, pulse):
    database = server.create_database()
    done = collect(pulse, server, database, f"sslmode=verify-full&sslrootcert={server.root}")
    assert done.returncode == 0
    assert server.query("SELECT count(*) FROM cisa_kev", database) == [(str(simulator.records),)]


def test_a_certificate_of_somebody_else_is_refused(server, simulator, pulse):
    done = collect(pulse, server, server.create_database(), f"sslmode=verify-full&sslrootcert={server.other_root}")
    assert done.returncode == 69
    assert "certificate verify failed" in done.stderr and PASSWORD not in done.stderr
    assert simulator.requests() == []


def test_a_server_that_wants_tls_refuses_plain_text(server, pulse):
    done = collect(pulse, server, server.create_database(), "sslmode=disable")
    assert done.returncode == 69
    assert "no encryption" in done.stderr and PASSWORD not in done.stderr
