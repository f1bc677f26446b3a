"""Credentials go to the collector's own origin only: another host, by whatever way, never sees one (RT14)."""

import base64
import json
from urllib.parse import quote, urlsplit

import pytest
from api import Answer, Api, items
from project import Sqlite, api, project  # noqa: F401 (fixtures)

SECRET, USER = "planted s3cret/+of=the&test", "somebody"
FORMS = {SECRET, quote(SECRET), quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(),
         base64.b64encode(f"{USER}:{SECRET}".encode()).decode(), "planted"}

AUTHENTICATOR = {
    "bearer": {"authenticator": {"type": "bearer", "token": "${SECRET}"}},
    "basic": {"authenticator": {"type": "basic", "username": USER, "password": "${SECRET}"}},
    "api_key header": {"authenticator": {"type": "api_key", "header": "X-Access", "value": "${SECRET}"}},
    "api_key parameter": {"authenticator": {"type": "api_key", "parameter": "access", "value": "${SECRET}"}},
    "header from the environment": {"request_headers": {"X-Access": "${SECRET}"}},
    "parameter from the environment": {"request_parameters": {"access": "${SECRET}"}},
    "literal key header": {"request_headers": {"X-Api-Key": SECRET}},
    "literal cookie": {"request_headers": {"Cookie": f"session={SECRET}"}},
}
NEXT_URL, LINK = {"type": "next_url", "path": "next"}, {"type": "link_header"}


@pytest.fixture
def other():
    with Api(items(3, 4)) as server:
        yield server


class World:
    """https://api.example leads to https://other.example, where the rest is."""

    def __init__(self, api, other, project, folder):  # noqa: F811
        self.api, self.other, self.project, self.store = api, other, project, Sqlite(folder / "pulse.db")
        self.base, self.target = "https://api.example", "https://other.example/more?page=2"
        project.settings(self.store)
        settings = json.loads(project.config.read_text())
        settings["http"]["rewrite"]["https://other.example"] = other.url
        project.config.write_text(json.dumps(settings))

    def collect(self, way, credential, allowed, target=None):
        target = target or self.target
        if credential.endswith("parameter"):
            target += "&access=" + quote(SECRET, safe="")  # as APIs do that repeat the whole query
        first = {
            "next page in the body": lambda: items(1, 2) | {"next": target},
            "next page in the header": lambda: Answer(json.dumps(items(1, 2)).encode(), 200, {"Link": f'<{target}>; rel="next"'}),
            "redirect": lambda: Answer(status=307, headers={"Location": target}),
        }[way]
        self.api.answer = lambda request: first() if len(self.api.requests) == 1 else 500
        self.other.answer = items(3, 4)
        requester = {"url_base": self.base, "path": "/items", "allowed_hosts": allowed,
                     "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 1}}, **AUTHENTICATOR[credential]}
        self.project.collector(requester=requester, paginator={"body": NEXT_URL, "header": LINK}.get(way.split()[-1], {"type": "none"}))
        return self.project.collect(environment={"SECRET": SECRET})

    def ids(self):
        return [int(cell) for (cell,) in self.store.query("SELECT id FROM items ORDER BY id")] if self.store.has("items") else []


@pytest.fixture
def world(api, other, project, tmp_path):  # noqa: F811
    return World(api, other, project, tmp_path)


def holds_a_credential(request):
    text = request.target + json.dumps(request.headers)
    return any(form in text for form in FORMS)


WAYS = ["next page in the body", "next page in the header", "redirect"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("credential", AUTHENTICATOR)
def test_a_host_that_is_listed_gets_no_credential(world, way, credential):
    run = world.collect(way, credential, ["other.example"])
    assert run.summary() == (0, "success")
    assert world.ids() == ([3, 4] if way == "redirect" else [1, 2, 3, 4])
    (own,), (foreign,) = world.api.requests, world.other.requests
    assert holds_a_credential(own), "where it belongs, it arrives"
    assert not holds_a_credential(foreign), (foreign.target, foreign.headers)
    assert "authorization" not in foreign.headers and "cookie" not in foreign.headers
    assert "page=2" in foreign.target


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("credential", ["bearer", "api_key parameter"])
@pytest.mark.parametrize("allowed", [[], ["example"], ["elsewhere.example", "other.example:8443"]], ids=["none", "its end", "others"])
def test_a_host_that_is_not_listed_is_not_asked(world, way, credential, allowed):
    run = world.collect(way, credential, allowed)
    assert run.summary() == (3, "failed") and run.failure_type == "endpoint_gone"
    assert world.other.requests == [] and len(world.api.requests) == 1
    assert "other.example" in run.error and not any(form in run.error for form in FORMS)
    assert world.ids() == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_listed", [True, False], ids=["listed", "not listed"])
def test_another_port_is_another_origin(world, way, is_listed):
    """Without any rewriting: two servers on one address."""
    world.base = world.api.url
    run = world.collect(way, "bearer", [urlsplit(world.other.url).netloc] if is_listed else [], world.other.url + "/more?page=2")
    assert run.summary() == ((0, "success") if is_listed else (3, "failed"))
    assert len(world.other.requests) == is_listed
    assert not any(map(holds_a_credential, world.other.requests))


def test_the_way_back_brings_no_credential_along(world):
    """A redirect there and home again: what another host has written into an address is not trusted with them."""
    run_to = "https://api.example/items?page=3"
    world.api.answer = lambda request: (items(5) if request.query.get("page") == "3"
                                        else Answer(status=302, headers={"Location": world.target}))
    world.other.answer = Answer(status=302, headers={"Location": run_to})
    requester = {"url_base": world.base, "path": "/items", "allowed_hosts": ["other.example"], **AUTHENTICATOR["bearer"]}
    world.project.collector(requester=requester)
    assert world.project.collect(environment={"SECRET": SECRET}).summary() == (0, "success")
    first, last = world.api.requests
    assert holds_a_credential(first) and not holds_a_credential(last)
    assert not any(map(holds_a_credential, world.other.requests))
