"""A shop's database: which customers are gone, asked by SQL."""

from __future__ import annotations

from typing import Final

from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.dataset import Dataset
from nnplay.data.reading.sql_source import read_database_file
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import datasets_folder
from nnplay.fields import text

#: Every customer with what the other tables say of each; the order makes the rows the same each time.
QUERY: Final = (
    "SELECT c.city, 2026 - c.born AS age, c.newsletter, julianday('2026-06-30') - julianday(c.joined) AS days_with_us, "
    "count(o.id) AS orders, sum(o.amount) AS spent, "
    "julianday('2026-06-30') - julianday(max(o.day)) AS days_since_order, "
    "(SELECT count(*) FROM complaints AS p WHERE p.customer = c.id) AS complaints, c.churned "
    "FROM customers AS c JOIN orders AS o ON o.customer = c.id GROUP BY c.id ORDER BY c.id"
)


def make(sql: str, target: str) -> Dataset:
    """A row for each that the query gives."""
    path = str(datasets_folder() / "sql_shop" / "shop.db")
    columns = read_database_file("sqlite", path, {"sql": sql})
    return columns_dataset(columns, CsvOptions(target), name="sql_shop", where="shop.db")


RECORD = DatasetRecord(
    name="sql_shop",
    title="A shop's database",
    task="classification",
    fields=(
        text("sql", QUERY, "one SELECT on the tables customers, orders and complaints", longest=100_000),
        text("target", "churned", "column to be learned"),
    ),
    make=make,
    about="600 customers of a made-up shop, each a row that one SELECT makes of three tables. Who is gone?",
    when="To see how a database becomes a table of numbers: change the query, and look.",
)
