"""Planted secrets appear in nothing that pulse writes, whatever the server does with them."""

import base64
import json
from urllib.parse import quote

COLLECTOR = """
name: planted
requester:
  url_base: https://somebody:{password}@www.cisa.gov
  path: "/sites/default/files/feeds/known_exploited_vulnerabilities.json?k=${{IN_PATH}}"
  request_headers: {{X-Extra: "${{EXTRA_HEADER}}"}}
  request_parameters: {{apikey: "${{PARAMETER}}"}}
  authenticator: {{type: bearer, token: "${{TOKEN}}"}}
  error_handler: {{backoff: {{base: 1s, cap: 1s, max_attempts: 2}}}}
record_selector: {{field_path: vulnerabilities}}
fields: {{cve_id: cveID}}
destination: {{table: planted, primary_key: [cve_id]}}
"""
PASSWORD = "url-passw0rd!"
SECRETS = {"TOKEN": "t0ken+with/strange=signs", "EXTRA_HEADER": "header-s3cret", "PARAMETER": "para&meter s3cret",
           "IN_PATH": "in-the-path-s3cret"}


def forms(secret):
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")


def everything_written(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_secret_is_written(simulator, pulse, tmp_path):
    collectors = tmp_path / "collectors"
    collectors.mkdir()
    pulse.write_config(collectors=collectors)
    (collectors / "planted.yaml").write_text(COLLECTOR.format(password=quote(PASSWORD)))

    echo = " ".join(form for secret in [*SECRETS.values(), PASSWORD] for form in forms(secret))
    answers = [
        {"kind": "status", "status": 503, "count": 2},
        {"kind": "status", "status": 401, "count": 1},
        {"kind": "status", "status": 302, "headers": {"Location": f"https://elsewhere.example/?{quote(echo)}"}, "count": 1},
        {"kind": "body", "body": "{" + echo, "content_type": "application/json", "count": 2},
        {"kind": "body", "body": json.dumps({"vulnerabilities": [{"cveID": [echo]}]}), "content_type": "application/json", "count": 1},
        *({"kind": "body", "body": "x" * length + echo, "content_type": "text/plain", "count": 1, "status": 400}
          for length in range(150, 200, 5)),
    ]
    outputs = []
    for answer in answers:
        simulator.faults({"api": "kev", **answer})
        done = pulse("collect", "planted", "--json", environment=SECRETS)
        assert done.returncode in (1, 3)
        outputs.append((done.stdout + done.stderr).encode())
    assert pulse("collect", "planted", environment=SECRETS).returncode == 0
    pulse("validate", environment=SECRETS)

    sent = [request for request in simulator.requests() if request["api"] == "kev"]
    assert any(SECRETS["TOKEN"] in json.dumps(request["headers"]) for request in sent), "it did arrive where it belongs"

    written = everything_written(tmp_path)
    written.pop(collectors / "planted.yaml")
    written.pop(tmp_path / "simulator.log", None)
    for number, output in enumerate(outputs):
        written[f"output of run {number}"] = output
    for place, content in written.items():
        for secret in [*SECRETS.values(), PASSWORD]:
            for form in forms(secret):
                assert form.encode() not in content, f"{form!r} in {place}"


def test_a_redirect_to_another_host_gets_no_credentials(simulator, pulse, tmp_path):
    collectors = tmp_path / "collectors"
    collectors.mkdir()
    pulse.write_config(collectors=collectors)
    text = COLLECTOR.format(password=quote(PASSWORD)).replace("requester:", "requester:\n  allowed_hosts: [mirror.example]")
    (collectors / "planted.yaml").write_text(text)
    simulator.faults({"api": "kev", "kind": "status", "status": 302, "count": 1,
                      "headers": {"Location": "https://mirror.example/known_exploited_vulnerabilities.json"}})
    pulse("collect", "planted", environment=SECRETS)
    elsewhere = [request for request in simulator.requests() if request["host"] == "mirror.example"]
    assert len(elsewhere) == 1
    for secret in [*SECRETS.values(), PASSWORD]:
        for form in forms(secret):
            assert form not in json.dumps(elsewhere)
