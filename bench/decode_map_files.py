"""The files that decode_map.py measures: made up, the same at every call.

    /usr/bin/python3 bench/decode_map_files.py FORMAT FILE BYTES
"""

import csv
import gzip
import io
import itertools
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import escape

WORDS = ("buffer overflow in the parser of allows remote attackers to execute arbitrary code when a crafted request "
         "reaches the “admin” page; versions before 2.4.1 are affected, see the vendor's advisory café São Paulo "
         "naïve cross-site scripting privilege escalation denial of service \"quoted\" path C:\\temp & <input>").split()
START = datetime(2020, 1, 1, tzinfo=timezone.utc)


class Maker:
    """Random texts and times, from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.sentences = [" ".join(self.random.choices(WORDS, k=self.random.randint(12, 40))) for _ in range(997)]

    def pick(self, *choices):
        return choices[int(self.random.random() * len(choices))]

    def text(self, sentences=1):
        return " ".join(self.pick(*self.sentences) for _ in range(sentences))

    def number(self, below):
        return int(self.random.random() * below)

    def time(self):
        return START + timedelta(milliseconds=self.number(180_000_000_000))

    def day(self):
        return self.time().strftime("%Y-%m-%d")


def nvd_record(make, number):
    when = [make.time().replace(tzinfo=None).isoformat(timespec="milliseconds") for _ in range(2)]
    score = make.number(100) / 10
    source = make.pick("nvd@nist.gov", "cna@vendor.example", "security@project.example")
    return {"cve": {
        "id": f"CVE-2024-{number:06}", "sourceIdentifier": source, "published": min(when), "lastModified": max(when),
        "vulnStatus": make.pick("Analyzed", "Modified", "Awaiting Analysis"), "cveTags": [],
        "descriptions": [{"lang": "en", "value": make.text(2)}, {"lang": "es", "value": make.text(2)}],
        "metrics": {"cvssMetricV31": [{
            "source": source, "type": "Primary", "exploitabilityScore": make.number(40) / 10, "impactScore": 3.6,
            "cvssData": {"version": "3.1", "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
                         "baseScore": score, "baseSeverity": "HIGH" if score >= 7 else "MEDIUM",
                         "attackVector": "NETWORK", "attackComplexity": "LOW", "scope": "UNCHANGED"}}]},
        "weaknesses": [{"source": source, "type": "Primary",
                        "description": [{"lang": "en", "value": f"CWE-{make.number(999)}"}]}],
        "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [
            {"vulnerable": True, "criteria": f"cpe:2.3:a:vendor:product:{make.number(9)}.{n}:*:*:*:*:*:*:*",
             "matchCriteriaId": f"{make.number(1 << 32):08X}-0000-4000-8000-000000000000"}
            for n in range(make.number(6))]}]}],
        "references": [{"url": f"https://vendor.example/advisories/{make.number(99999)}", "source": source,
                        "tags": ["Vendor Advisory"]} for _ in range(1 + make.number(4))]}}


def kev_record(make, number):
    zone = timezone(timedelta(hours=make.number(5) - 3))
    return {"cveID": f"CVE-2024-{number:06}", "vendorProject": make.pick("Apache", "Vendor, Inc.", "Größe GmbH"),
            "product": make.pick("Struts", "Widget \"Pro\"", "Server"), "vulnerabilityName": make.text()[:80].strip(),
            "dateAdded": make.day(), "shortDescription": make.text(), "requiredAction": make.text()[:120].strip(),
            "dueDate": make.day(), "ransomware": make.number(2) == 1,
            "score": make.number(1_000_000) / 100, "notes": None if make.number(2) else make.text()[:60].strip(),
            "updatedAt": make.time().astimezone(zone).isoformat(timespec="seconds")}


def json_file(make, size):
    yield '{"resultsPerPage":2000,"startIndex":0,"format":"NVD_CVE","version":"2.0","vulnerabilities":['
    for number in itertools.count():
        size -= len(text := json.dumps(nvd_record(make, number), ensure_ascii=False, separators=(",", ":")))
        yield ("," if number else "") + text
        if size <= 0:
            break
    yield "]}"


def jsonl_file(make, size):
    for number in itertools.count():
        size -= len(text := json.dumps(kev_record(make, number)) + "\n")
        yield text
        if size <= 0:
            break


def csv_file(make, size):
    writer = csv.writer(out := io.StringIO(), lineterminator="\r\n")
    writer.writerow(kev_record(Maker(0), 0))
    for number in itertools.count():
        record = kev_record(make, number)
        writer.writerow("" if cell is None else str(cell).replace("; ", ";\n") for cell in record.values())
        size -= len(text := out.getvalue())
        yield text
        out.seek(0)
        out.truncate()
        if size <= 0:
            break


def feed_file(make, size):
    yield ('<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>A blog</title>'
           '<id>urn:blog</id><link href="https://blog.example/"/><updated>2025-11-21T00:00:00Z</updated>\n')
    for number in itertools.count():
        when = [make.time().isoformat(timespec="seconds") for _ in range(2)]
        html = "".join(f"<p>{escape(make.text())}</p>" for _ in range(3))
        size -= len(text := (
            f'<entry><id>urn:blog:{number}</id><title>{escape(make.text()[:70].strip())}</title>'
            f'<link rel="alternate" href="https://blog.example/{number}"/>'
            f'<link rel="enclosure" type="audio/mpeg" href="https://blog.example/{number}.mp3"/>'
            f'<published>{min(when)}</published><updated>{max(when)}</updated>'
            f'<author><name>{make.pick("Ann", "Zoë")}</name></author><category term="{make.pick("ai", "dev")}"/>'
            f'<summary>{escape(make.text())}</summary><content type="html">{escape(html)}</content></entry>\n'))
        yield text
        if size <= 0:
            break
    yield "</feed>\n"


def jsonstat_file(make, size):
    """Four dimensions; the days are as many as the size asks for."""
    days = max(2, size // (3 * 10 * 30 * 8))
    day_ids = [(START + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(days)]
    dimensions = {"unit": [f"U{n}" for n in range(3)], "item": [f"CP{n:02}" for n in range(10)],
                  "geo": [f"G{n:02}" for n in range(30)], "time": day_ids}
    cells = 3 * 10 * 30 * days
    yield json.dumps({
        "version": "2.0", "class": "dataset", "id": list(dimensions), "size": [len(it) for it in dimensions.values()],
        "dimension": {name: {"category": {"index": {it: n for n, it in enumerate(ids)},
                                          "label": {it: f"{name} {make.text()[:25]} {it}" for it in ids}}}
                      for name, ids in dimensions.items()},
        "status": {str(n): "e" for n in range(0, cells, 50)},
        "value": [None if n % 20 == 7 else make.number(1_000_000) / 100 for n in range(cells)]}, ensure_ascii=False)


def oai_file(make, size):
    yield ('<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
           '<responseDate>2025-11-21T00:00:00Z</responseDate><request verb="ListRecords">https://x.example/oai</request>'
           '<ListRecords>\n')
    for number in itertools.count():
        size -= len(text := (
            f'<record><header><identifier>oai:x.example:{number}</identifier>'
            f'<datestamp>{make.time():%Y-%m-%dT%H:%M:%SZ}</datestamp><setSpec>{make.pick("articles", "theses")}</setSpec>'
            '</header><metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f'<dc:title>{escape(make.text()[:90].strip())}</dc:title><dc:creator>Silva, Ana</dc:creator>'
            f'<dc:creator>Müller, Jörg</dc:creator><dc:subject>{make.pick("Physics", "Law")}</dc:subject>'
            f'<dc:description>{escape(make.text(3))}</dc:description><dc:date>{make.day()}</dc:date>'
            f'<dc:language>{make.pick("en", "pt")}</dc:language><dc:format>{make.number(500)}</dc:format>'
            '</oai_dc:dc></metadata></record>\n'))
        yield text
        if size <= 0:
            break
    yield "</ListRecords></OAI-PMH>\n"


MAKERS = {"json": json_file, "json.gz": json_file, "jsonl": jsonl_file, "csv": csv_file, "feed": feed_file,
          "jsonstat": jsonstat_file, "oai": oai_file}


def write(kind, path, size):
    """About `size` bytes, before they are packed."""
    with (gzip.open(path, "wb", 6) if kind == "json.gz" else open(path, "wb")) as file:
        for text in MAKERS[kind](Maker(kind), size):
            file.write(text.encode())


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
