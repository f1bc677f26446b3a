"""The work of `pulse collect` as a script does it: page after page, row after row, a statement each.

    /usr/bin/python3 bench/load_script.py TARGET URL ROWS PAGE

TARGET is a PostgreSQL URL or sqlite:FILE. All is one transaction, committed at the end, which suits the script: many
commit more often.
"""

import json
import sqlite3
import sys
import urllib.request
from datetime import datetime
from decimal import Decimal

NAMES = "id", "code", "name", "category", "description", "price", "quantity", "rating", "active", "updated_at"
TABLE = ("CREATE TABLE items (id bigint PRIMARY KEY, code text, name text, category text, description text, "
         "price {number}, quantity integer, rating double precision, active boolean, updated_at {time})")
UPSERT = (f"INSERT INTO items ({', '.join(NAMES)}) VALUES ({', '.join(['{}'] * len(NAMES))}) ON CONFLICT (id) "
          f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in NAMES[1:])}")


def version():
    try:
        import psycopg2
    except ImportError:
        return None
    return f"psycopg2 {psycopg2.__version__.split()[0]}"


def fetch(url, rows, page):
    for offset in range(0, rows, page):
        with urllib.request.urlopen(f"{url}/rows?offset={offset}&limit={page}") as answer:
            yield from json.load(answer, parse_float=Decimal)["items"]


def row_of(item):
    return (item["id"], item["code"], item["name"], item["category"], item["description"], item["price"],
            item["quantity"], float(item["rating"]), item["active"], datetime.fromisoformat(item["updated_at"][:-1] + "+00:00"))


def fill_postgres(target, items):
    import psycopg2  # only here: SQLite needs it not

    connection = psycopg2.connect(target)
    cursor = connection.cursor()
    cursor.execute(TABLE.format(number="numeric", time="timestamptz"))
    sql = UPSERT.format(*["%s"] * len(NAMES))
    for item in items:
        cursor.execute(sql, row_of(item))
    connection.commit()
    connection.close()


def fill_sqlite(path, items):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(TABLE.format(number="text", time="text"))
    sql = UPSERT.format(*["?"] * len(NAMES))
    for item in items:
        row = list(row_of(item))
        row[5], row[9] = str(row[5]), row[9].isoformat()
        connection.execute(sql, row)
    connection.commit()
    connection.close()


def main():
    target, url, rows, page = sys.argv[1:]
    items = fetch(url, int(rows), int(page))
    if target.startswith("sqlite:"):
        fill_sqlite(target.removeprefix("sqlite:"), items)
    else:
        fill_postgres(target, items)


if __name__ == "__main__":
    main()
