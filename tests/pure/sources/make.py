"""Wrote the files beside it with pandas, polars and openpyxl: one table of houses in every form that is read.

`python make.py` needs pandas, pyarrow, polars and openpyxl; the tests only read the files.
"""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pandas as pd
import polars as pl

HERE = Path(__file__).parent


def table() -> pd.DataFrame:
    """Forty houses: a number that is sometimes missing, words, a date, a truth value, and the price."""
    draw = random.Random(7)
    rows = [
        {
            "area": None if place % 13 == 5 else round(draw.uniform(40, 180), 1),
            "rooms": draw.randint(1, 7),
            "city": draw.choice(["Aachen", "Bonn", "Köln"]),
            "built": pd.Timestamp(draw.randint(1950, 2020), draw.randint(1, 12), draw.randint(1, 28)),
            "balcony": draw.random() < 0.5,
            "price": draw.randint(100, 900) + 0.5,
        }
        for place in range(40)
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Writes all of them."""
    houses = table()
    houses.to_csv(HERE / "houses.csv", index=False)
    houses.to_parquet(HERE / "houses.parquet", index=False)
    houses.to_feather(HERE / "houses.feather")
    pl.from_pandas(houses.assign(city=houses.city.astype("category"))).write_ipc(
        HERE / "houses.arrow", compression="zstd"
    )
    houses.to_excel(HERE / "houses.xlsx", index=False, sheet_name="Häuser")
    plain = houses.assign(built=houses.built.dt.strftime("%Y-%m-%d"))
    for orient in ("records", "split", "columns"):
        plain.to_json(HERE / f"houses_{orient}.json", orient=orient, index=orient != "records")
    plain.to_json(HERE / "houses.jsonl", orient="records", lines=True)
    plain.to_json(HERE / "houses_packed.jsonl.gz", orient="records", lines=True)
    words = plain.fillna("-").astype(str)
    (HERE / "houses.fwf").write_text(words.to_string(index=False) + "\n", encoding="utf-8")
    (HERE / "houses.db").unlink(missing_ok=True)
    with sqlite3.connect(HERE / "houses.db") as database:
        database.execute("PRAGMA page_size = 512")
        plain.assign(balcony=plain.balcony.astype(str)).to_sql("houses", database, index=False)
    (HERE / "parts").mkdir(exist_ok=True)
    for part in range(3):
        houses.iloc[part * 15 : part * 15 + 15].to_csv(HERE / "parts" / f"{part}.csv", index=False)


if __name__ == "__main__":
    main()
