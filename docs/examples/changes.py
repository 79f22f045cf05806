#!/usr/bin/env python3
"""Keep a copy of the contracts of a Maillon node in an SQLite file.

    changes.py https://hub.example contracts.db          follow for ever
    changes.py https://hub.example contracts.db --once   until nothing is new
    changes.py https://hub.example contracts.db --list   print the copy

Nothing but the standard library is needed. The cursor is kept in the same
transaction as the contracts: however the program ends, it goes on from there.
"""

import gzip
import http.client
import json
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PAGE = 5000  # lines of one answer
WAIT = 30  # seconds that the node may wait for something new


def open_copy(path):
    db = sqlite3.connect(path)
    db.executescript(
        """CREATE TABLE IF NOT EXISTS contract (address TEXT PRIMARY KEY, line TEXT NOT NULL);
           CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);"""
    )
    return db


def cursor_of(db):
    row = db.execute("SELECT cursor FROM place").fetchone()
    return row[0] if row else ""


def lines(url, cursor, wait):
    """Yield the lines of one answer. A last line without an address ends it."""
    query = urllib.parse.urlencode({"since": cursor, "limit": PAGE, "wait": wait})
    request = urllib.request.Request(url + "/api/v1/changes?" + query, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=WAIT + 60) as answer:
        body = gzip.GzipFile(fileobj=answer) if answer.headers.get("Content-Encoding") == "gzip" else answer
        for line in body:
            yield json.loads(line)


def take(db, url, wait):
    """Take in one answer; True if there is more already."""
    more = True  # until a last line says otherwise: an answer can be cut
    with db:  # one transaction
        for line in lines(url, cursor_of(db), wait):
            if "address" not in line:
                more = line["more"]
            elif line["contract"] is None:
                db.execute("DELETE FROM contract WHERE address = ?", (line["address"],))
            else:
                db.execute("INSERT OR REPLACE INTO contract VALUES (?, ?)", (line["address"], json.dumps(line, ensure_ascii=False)))
            db.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (line["cursor"],))
    return more


def follow(db, url, once):
    pause = 1
    while True:
        try:
            more = take(db, url, 0 if once else WAIT)
            pause = 1
            if once and not more:
                return
        except urllib.error.HTTPError as err:
            if err.code == 410:  # the node tells another history: begin with its snapshot
                with db:
                    db.execute("DELETE FROM contract")
                    db.execute("DELETE FROM place")
                continue
            if err.code not in (429, 502, 503, 504):
                raise
            time.sleep(int(err.headers.get("Retry-After", "5")))
        except (OSError, EOFError, http.client.HTTPException, json.JSONDecodeError) as err:
            # cut off: what was whole before is kept if the transaction was, else asked for again
            print("try again in", pause, "s:", err, file=sys.stderr)
            time.sleep(pause)
            pause = min(2 * pause, 300)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    db = open_copy(sys.argv[2])
    if "--list" in sys.argv:
        for (line,) in db.execute("SELECT line FROM contract ORDER BY address"):
            print(line)
        return
    follow(db, sys.argv[1].rstrip("/"), "--once" in sys.argv)


if __name__ == "__main__":
    main()
