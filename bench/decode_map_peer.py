"""The work of decode_map.cpp with what Debian's Python has: parse, walk the list, pick ten fields, convert.

    /usr/bin/python3 bench/decode_map_peer.py FORMAT FILE [--rows]

Numbers become Decimal and times datetime in UTC, because a loader wants them exact; a row is dropped as soon as it is
made. Written as one would who wants it quick: no classes, no table of types.
"""

import csv
import gzip
import itertools
import json
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from xml.etree import ElementTree

UTC = timezone.utc
DC = "{http://purl.org/dc/elements/1.1/}"
OAI = "{http://www.openarchives.org/OAI/2.0/}"


def json_rows(path):
    with (gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")) as file:
        answer = json.loads(file.read(), parse_float=Decimal)
    for item in answer["vulnerabilities"]:
        cve = item["cve"]
        metric = cve["metrics"]["cvssMetricV31"][0]
        cvss = metric["cvssData"]
        yield (cve["id"], cve["vulnStatus"], datetime.fromisoformat(cve["published"]).replace(tzinfo=UTC),
               datetime.fromisoformat(cve["lastModified"]).replace(tzinfo=UTC),
               next((it["value"] for it in cve["descriptions"] if it["lang"] == "en"), None),
               Decimal(cvss["baseScore"]), cvss["baseSeverity"], Decimal(metric["exploitabilityScore"]),
               cve["weaknesses"][0]["description"][0]["value"], cve["references"][0]["url"])


def jsonl_rows(path):
    with open(path, "rb") as file:
        for line in file:
            item = json.loads(line, parse_float=Decimal)
            yield (item["cveID"], item["vendorProject"], item["product"], item["vulnerabilityName"],
                   date.fromisoformat(item["dateAdded"]), date.fromisoformat(item["dueDate"]),
                   item["shortDescription"], item["ransomware"], Decimal(item["score"]),
                   datetime.fromisoformat(item["updatedAt"]).astimezone(UTC))


def csv_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        for item in csv.DictReader(file):
            yield (item["cveID"], item["vendorProject"], item["product"], item["vulnerabilityName"],
                   date.fromisoformat(item["dateAdded"]), date.fromisoformat(item["dueDate"]),
                   item["shortDescription"], item["ransomware"].lower() == "true", Decimal(item["score"]),
                   datetime.fromisoformat(item["updatedAt"]).astimezone(UTC))


def feed_rows(path):
    import feedparser  # only here: the others need not wait for it

    for it in feedparser.parse(path, sanitize_html=False, resolve_relative_uris=False).entries:
        yield (it.id, it.title, it.link, datetime.fromisoformat(it.published).astimezone(UTC),
               datetime.fromisoformat(it.updated).astimezone(UTC), it.summary, it.content[0].value, it.author,
               it.tags[0].term, it.enclosures[0].href)


def jsonstat_rows(path):
    with open(path, "rb") as file:
        cube = json.loads(file.read(), parse_float=Decimal)
    axes = []
    for name in cube["id"]:
        category = cube["dimension"][name]["category"]
        ids = sorted(category["index"], key=category["index"].get)
        axes.append([(it, category["label"].get(it, it)) for it in ids])
    status = cube.get("status", {})
    for place, (unit, item, geo, time) in enumerate(itertools.product(*axes)):
        value = cube["value"][place]
        if value is not None:
            yield (unit[0], unit[1], item[0], item[1], geo[0], geo[1], date.fromisoformat(time[0]), time[1],
                   Decimal(value), status.get(str(place)))


def oai_rows(path):
    for record in ElementTree.parse(path).getroot().iter(OAI + "record"):
        header = record.find(OAI + "header")
        dublin = record.find(OAI + "metadata")[0]
        yield (header.findtext(OAI + "identifier"),
               datetime.fromisoformat(header.findtext(OAI + "datestamp")).astimezone(UTC),
               header.findtext(OAI + "setSpec"), header.get("status") == "deleted", dublin.findtext(DC + "title"),
               dublin.findtext(DC + "creator"), date.fromisoformat(dublin.findtext(DC + "date")),
               dublin.findtext(DC + "language"), dublin.findtext(DC + "description"),
               Decimal(dublin.findtext(DC + "format")))


ROWS = {"json": json_rows, "json.gz": json_rows, "jsonl": jsonl_rows, "csv": csv_rows, "feed": feed_rows,
        "jsonstat": jsonstat_rows, "oai": oai_rows}


if __name__ == "__main__":
    if "--rows" in sys.argv[3:]:
        for row in ROWS[sys.argv[1]](sys.argv[2]):
            print(row)
    else:
        print(f"rows={sum(1 for _ in ROWS[sys.argv[1]](sys.argv[2]))}")
