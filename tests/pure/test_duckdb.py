"""Claims about what DuckDB reads: Parquet files and its own databases, by a process that can reach nothing else."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import find_source, read_file, read_sql
from nnplay.data.reading import sql_source
from nnplay.errors import InputError

duckdb: Any = pytest.importorskip("duckdb")
pytestmark = pytest.mark.usefixtures("forked_readers")
SOURCES = Path(__file__).parent / "sources"
CSV = read_file(str(SOURCES / "houses.csv"), target="price", missing="mean")


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the table of houses."""
    folder = tmp_path_factory.mktemp("duckdb")
    with duckdb.connect(str(folder / "houses.duckdb")) as database:
        database.execute(f"CREATE TABLE houses AS FROM read_csv('{SOURCES / 'houses.csv'}')")
    return folder / "houses.duckdb"


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_a_database_is_read_by_path_address_and_query(houses: Path) -> None:
    """All ways give the same rows as the text that the table was made of."""
    sql = "SELECT * FROM houses ORDER BY rowid"
    by_path = read_file(str(houses), target="price", missing="mean")
    by_query = read_sql(f"duckdb:///{houses}", sql, target="price", missing="mean")
    for data in (by_path, by_query):
        assert data.feature_names == CSV.feature_names
        assert np.array_equal(data.x, CSV.x, equal_nan=True)
        assert np.array_equal(data.y, CSV.y)
    assert not [note for note in by_query.notes if "ORDER BY" in note]
    unordered = read_sql(str(houses), "SELECT rooms, price FROM houses")
    assert [note for note in unordered.notes if "no ORDER BY" in note]


HOSTILE = {
    "write": ("CREATE TABLE t (a INT)", "only a SELECT"),
    "copy": ("COPY houses TO 'out.csv'", "only a SELECT"),
    "export": ("EXPORT DATABASE 'out'", "only a SELECT"),
    "attach": ("ATTACH 'other.db'", "only a SELECT"),
    "install": ("INSTALL httpfs", "only a SELECT"),
    "load": ("LOAD httpfs", "only a SELECT"),
    "set": ("SET memory_limit = '1TB'", "only a SELECT"),
    "reset": ("RESET lock_configuration", "only a SELECT"),
    "secret": ("CREATE SECRET (TYPE s3)", "only a SELECT"),
    "checkpoint": ("CHECKPOINT", "only a SELECT"),
    "delete in with": ("WITH a AS (SELECT 1) DELETE FROM houses", "only one SELECT|refused"),
    "two": ("SELECT 1, 2; COPY houses TO 'out.csv'", "only one statement"),
    "a file as table": ("SELECT *, 1 FROM '/etc/passwd'", "refused"),
    "read csv": ("SELECT *, 1 FROM read_csv('/etc/passwd')", "refused: .*disabled"),
    "read text": ("SELECT *, 1 FROM read_text('/etc/passwd')", "refused: .*disabled"),
    "read blob": ("SELECT *, 1 FROM read_blob('/proc/self/environ')", "refused: .*disabled"),
    "glob": ("SELECT *, 1 FROM glob('/etc/*')", "refused: .*disabled"),
    "network": ("SELECT *, 1 FROM read_csv('https://127.0.0.1/x.csv')", "refused"),
    "parquet": ("SELECT *, 1 FROM read_parquet('/tmp/x.parquet')", "refused: .*disabled"),
    "environment": ("SELECT getenv('HOME'), 1", "refused"),
    "python": ("SELECT *, 1 FROM order", "refused|syntax"),
    "endless": ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT i, 1 FROM n", "than|memory"),
    "cross join": ("SELECT count(*), 1 FROM range(10000000) a, range(10000000) b", "took longer than 1 s"),
    "wide text": ("SELECT repeat('x', 3000000000) AS a, 1 AS b", "memory|took longer than 1 s"),
    "many rows": ("SELECT i, 2 FROM range(1000000000) AS t(i)", "returns more than 100 rows"),
    "nested": ("SELECT [1, 2] AS list, 1 AS y", "column 'list': holds lists"),
    "record": ("SELECT {'a': 1} AS record, 1 AS y", "column 'record': holds lists or records"),
    "bytes": ("SELECT 'x'::BLOB AS picture, 1 AS y", "column 'picture': holds bytes"),
    "no rows": ("SELECT * FROM houses WHERE price < 0", "no data rows|returns no rows"),
    "no table": ("SELECT * FROM nowhere", "refused: Table with name nowhere"),
}


#: Of these another query of their kind is quick.
ALIKE = frozenset(
    {
        *("export", "attach", "install", "load", "reset", "secret", "checkpoint", "a file as table", "read text"),
        *("read blob", "network", "parquet", "python", "cross join", "nested", "no rows"),
    }
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in HOSTILE]
)
def test_no_query_does_more_than_read(houses: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused in one sentence within its limits; no file is changed, made or reached."""
    sql, words = HOSTILE[name]
    monkeypatch.setattr(sql_source, "memory_budget", lambda: 1 << 30)  # what takes more is refused the sooner
    before = digest(houses.parent)
    with pytest.raises(InputError, match=words) as caught:
        read_sql(str(houses), sql, max_seconds=1, max_rows=100)
    assert digest(houses.parent) == before
    assert caught.value.where.startswith("houses.duckdb")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("cut", [0, 4, *(pytest.param(cut, marks=pytest.mark.slow) for cut in (3, 200, 4000))])
def test_a_damaged_parquet_file_is_one_sentence(tmp_path: Path, cut: int) -> None:
    """Cut anywhere, it is refused by name."""
    (tmp_path / "my.parquet").write_bytes((SOURCES / "houses.parquet").read_bytes()[:cut])
    with pytest.raises(InputError, match=r"my\.parquet: is (?:empty|damaged)"):
        read_file(str(tmp_path / "my.parquet"))


@pytest.mark.parametrize("files", [3, pytest.param(12, marks=pytest.mark.slow)])
def test_no_damage_to_a_parquet_file_is_more_than_an_error(tmp_path: Path, files: int) -> None:
    """With bytes changed it is read or refused; the process that reads it may fall, this one does not."""
    whole, draw = (SOURCES / "houses.parquet").read_bytes(), np.random.default_rng(0)
    for _ in range(files):
        changed = bytearray(whole)
        for place in draw.integers(0, len(whole), 8):
            changed[place] ^= int(draw.integers(1, 256))
        (tmp_path / "my.parquet").write_bytes(bytes(changed))
        with contextlib.suppress(InputError):
            read_file(str(tmp_path / "my.parquet"), missing="mean")


def test_a_parquet_file_is_known_without_its_ending(tmp_path: Path) -> None:
    """By its first bytes; one that is called .csv is told apart from text, with the way out."""
    (tmp_path / "my.data").write_bytes((SOURCES / "houses.parquet").read_bytes())
    assert find_source(str(tmp_path / "my.data")).name == "parquet"
    (tmp_path / "my.data").rename(tmp_path / "my.csv")
    with pytest.raises(InputError, match=r"looks like a Parquet file.*name that ends in \.parquet"):
        read_file(str(tmp_path / "my.csv"))
    (tmp_path / "text.parquet").write_bytes((SOURCES / "houses.csv").read_bytes())
    with pytest.raises(InputError, match=r"text\.parquet: is damaged, or of another kind"):
        read_file(str(tmp_path / "text.parquet"))


def test_nested_columns_are_named_and_may_be_skipped(tmp_path: Path) -> None:
    """A list is no number; `kinds` leaves its column unread."""
    path = str(tmp_path / "my.parquet")
    duckdb.execute(f"COPY (SELECT i AS a, [i, i] AS tags, i % 2 = 0 AS y FROM range(10) t(i)) TO '{path}'")
    with pytest.raises(InputError, match=r"column 'tags': holds lists.*kinds=\{'…': 'skip'\}"):
        read_file(path)
    assert read_file(path, kinds={"tags": "skip"}).feature_names == ("a",)


def test_more_rows_than_memory_holds_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file may declare very many rows of the same number."""
    path = str(tmp_path / "my.parquet")
    duckdb.execute(f"COPY (SELECT 1 AS a, 2 AS b FROM range(3000000)) TO '{path}'")
    assert Path(path).stat().st_size < 100_000
    monkeypatch.setattr("nnplay.data.reading.file_apart.memory_budget", lambda: 64 << 20)
    with pytest.raises(InputError, match=r"needs more than 16\.0 MiB of memory"):
        read_file(path)


def test_a_time_without_end_is_missing(tmp_path: Path) -> None:
    """It is not a number of days."""
    path = str(tmp_path / "my.parquet")
    times = "CASE i WHEN 3 THEN 'infinity'::{0} ELSE '2020-01-01'::{0} + interval (i) day END"
    columns = ", ".join(f"{times.format(kind)} AS t{place}" for place, kind in enumerate(("TIMESTAMP", "TIMESTAMPTZ")))
    duckdb.execute(f"COPY (SELECT {columns}, i % 2 = 0 AS y FROM range(10) t(i)) TO '{path}'")
    with pytest.raises(InputError, match=r"row 4: values are missing in 2 columns, .*: 1 in 't0', 1 in 't1'"):
        read_file(path)
    days = read_file(path, missing="mean").x[:, 0]  # filled once rows are dealt
    assert np.isnan(days).tolist() == [place == 3 for place in range(10)]
    assert np.nanmax(np.abs(days)) < 1e4


def test_a_value_out_of_range_names_the_users_column(tmp_path: Path) -> None:
    """A day that no time of 64 bits reaches is said to be one, under the name that the user knows, with the way out."""
    path = tmp_path / "far.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS a, DATE '5877000-01-01' AS \"born on\", 'x' AS y")
    with pytest.raises(InputError, match=r"far\.duckdb, column 'born on': 5877000-01-01 is out of range;"):
        read_file(str(path))
