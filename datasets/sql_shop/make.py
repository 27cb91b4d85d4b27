"""Makes shop.db, the database of a made-up shop; `python make.py [FILE]` writes the same rows each time."""

from __future__ import annotations

import random
import sqlite3
import sys
from datetime import date, timedelta
from pathlib import Path

SEED = 20_261_129
CUSTOMERS = 600
LAST_DAY = date(2026, 6, 30)
CITIES = ("Aachen", "Bonn", "Celle", "Dresden")
TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, city TEXT NOT NULL, born INTEGER NOT NULL, joined TEXT NOT NULL,
                        newsletter INTEGER NOT NULL, churned TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, day TEXT NOT NULL,
                     amount REAL NOT NULL);
CREATE TABLE complaints (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, day TEXT NOT NULL);
"""


def main(path: Path) -> None:
    """Writes the database; a file that is there is replaced."""
    path.unlink(missing_ok=True)
    draw = random.Random(SEED)
    with sqlite3.connect(path) as shop:
        shop.execute("PRAGMA page_size = 1024")
        shop.executescript(TABLES)
        for customer in range(1, CUSTOMERS + 1):
            add_customer(shop, customer, draw)
    shop.execute("VACUUM")
    shop.close()


def add_customer(shop: sqlite3.Connection, customer: int, draw: random.Random) -> None:
    """One customer; who has not ordered for long, or complained often, is likely to be gone."""
    joined = LAST_DAY - timedelta(days=draw.randint(200, 1500))
    content = draw.random()
    last = LAST_DAY - timedelta(days=int(20 + 160 * (1 - content) * draw.random()))
    orders = 1 + int(8 * content * draw.random())
    complaints = sum(draw.random() < 0.75 * (1 - content) for _ in range(3))
    newsletter = int(draw.random() < 0.3 + 0.4 * content)
    gone = (LAST_DAY - last).days / 60 + 0.9 * complaints - 0.25 * orders - 0.4 * newsletter + draw.gauss(0, 0.35) > 1.1
    row = (
        customer,
        draw.choice(CITIES),
        draw.randint(1945, 2006),
        joined.isoformat(),
        newsletter,
        "yes" if gone else "no",
    )
    shop.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?)", row)
    days = sorted({last, *(joined + (last - joined) * draw.random() for _ in range(orders - 1))})
    for day in days:
        amount = round(draw.lognormvariate(3.2, 0.6), 2)
        shop.execute("INSERT INTO orders (customer, day, amount) VALUES (?, ?, ?)", (customer, day.isoformat(), amount))
    for _ in range(complaints):
        day = joined + (last - joined) * draw.random()
        shop.execute("INSERT INTO complaints (customer, day) VALUES (?, ?)", (customer, day.isoformat()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("shop.db"))
