"""Claims about databases: a SELECT becomes columns, and nothing else in a query changes, reaches or fills anything."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.data.apart.sql_statement import one_select
from nnplay.data.catalogue import load_dataset, read_file, read_sql
from nnplay.data.reading.addresses import whole_source
from nnplay.data.reading.sql_source import SQL_FIELDS
from nnplay.data.tables._shipped import datasets_folder
from nnplay.errors import InputError
from nnplay.text import without_password

pytestmark = pytest.mark.usefixtures("forked_readers")
SOURCES = Path(__file__).parent / "sources"

#: Queries that a stranger's session may hold, and a word of the answer.
HOSTILE = {
    "delete": ("DELETE FROM houses", "only a SELECT is run, not DELETE"),
    "drop": ("DROP TABLE houses", "not DROP"),
    "update": ("UPDATE houses SET price = 0", "not UPDATE"),
    "insert": ("INSERT INTO houses DEFAULT VALUES", "not INSERT"),
    "replace": ("REPLACE INTO houses VALUES (1)", "not REPLACE"),
    "create": ("CREATE TABLE t (a)", "not CREATE"),
    "create temp": ("CREATE TEMP TABLE t AS SELECT 1", "not CREATE"),
    "alter": ("ALTER TABLE houses RENAME TO t", "not ALTER"),
    "attach": ("ATTACH '/tmp/other.db' AS other", "not ATTACH"),
    "detach": ("DETACH main", "not DETACH"),
    "vacuum": ("VACUUM", "not VACUUM"),
    "vacuum into": ("VACUUM INTO 'copy.db'", "not VACUUM"),
    "pragma": ("PRAGMA writable_schema = on", "not PRAGMA"),
    "journal": ("PRAGMA journal_mode = wal", "not PRAGMA"),
    "analyze": ("ANALYZE", "not ANALYZE"),
    "begin": ("BEGIN EXCLUSIVE", "not BEGIN"),
    "savepoint": ("SAVEPOINT a", "not SAVEPOINT"),
    "explain": ("EXPLAIN SELECT 1", "not EXPLAIN"),
    "copy": ("COPY houses TO '/tmp/out.csv'", "not COPY"),
    "install": ("INSTALL httpfs", "not INSTALL"),
    "set": ("SET memory_limit = '1TB'", "not SET"),
    "call": ("CALL pragma_version()", "not CALL"),
    "two": ("SELECT 1, 2; DROP TABLE houses", "only one statement"),
    "two selects": ("SELECT 1, 2; SELECT 3, 4", "only one statement"),
    "behind a comment": ("SELECT 1, 2 -- x\n; DROP TABLE houses", "only one statement"),
    "before a comment": ("/* SELECT */ DROP TABLE houses", "not DROP"),
    "comment in comment": ("SELECT 1 /* /* */ ; DROP TABLE houses -- */", "comment in a comment"),
    "open comment": ("SELECT 1, 2 /* and so on", "unclosed"),
    "open quote": ("SELECT 'a, 2", "unclosed"),
    "nul": ("SELECT 1, 2\0; DROP TABLE houses", "NUL"),
    "long": (f"SELECT {'1, ' * 60_000} 1", "longer than"),
    "deep": (f"SELECT {'(' * 3000}1{')' * 3000}, 2", "refused"),
    "delete in with": ("WITH a AS (SELECT 1) DELETE FROM houses", "not authorized|only one SELECT|refused"),
    "insert in with": (
        "WITH a AS (SELECT 1) INSERT INTO houses SELECT * FROM houses",
        "not authorized|only one SELECT|refused",
    ),
    "extension": ("SELECT load_extension('x.so'), 1", "refused|no such function|not authorized"),
    "read a file": ("SELECT readfile('/etc/passwd'), 1", "refused|no such function|not authorized"),
    "write a file": ("SELECT writefile('out.txt', 'x'), 1", "refused|no such function|not authorized"),
    "where files lie": ("SELECT * FROM pragma_database_list", "refused|not authorized|prohibited"),
    "tokenizer": ("SELECT fts3_tokenizer('simple'), 1", "refused|no such function|not authorized"),
    "endless": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i), 1 FROM n",
        "took longer than 1 s",
    ),
    "cross join": (f"SELECT count(*), 1 FROM {', '.join(f'houses AS h{i}' for i in range(8))}", "took longer than 1 s"),
    "a large blob": ("SELECT length(randomblob(1000000000)), 1", "refused"),
    "zeros": ("SELECT length(zeroblob(1000000000)), 1", "refused"),
    "wide text": ("SELECT replace(printf('%9000000d', 1), ' ', 'xxxxxxxxxx'), 2", "larger than"),
    "growing text": (
        "WITH RECURSIVE n(i, t) AS (SELECT 1, 'xxxxxxxx' UNION ALL SELECT i + 1, t || t FROM n) SELECT t, i FROM n",
        "larger than|refused",
    ),
    "many rows": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 2 FROM n",
        "returns more than 100 rows",
    ),
    "bytes": ("SELECT x'00ff' AS picture, 1 AS y", "column 'picture': holds bytes"),
    "no rows": ("SELECT * FROM houses WHERE price < 0", "returns no rows"),
    "no table": ("SELECT * FROM nowhere", "no such table: nowhere; known: houses"),
    "a misspelt table": ("SELECT * FROM hauses", "no such table: hauses; did you mean 'houses'"),
    "control characters": ('SELECT 1 AS "a\x1b[31m", 2 FROM nowhere', "no such table"),
}


#: Of these another query of their kind is quick.
ALIKE = frozenset(
    {
        *("drop", "update", "insert", "replace", "create", "create temp", "alter", "detach", "vacuum", "vacuum into"),
        *("journal", "analyze", "begin", "savepoint", "explain", "copy", "install", "set", "call", "two selects"),
        *("behind a comment", "comment in comment", "open comment", "write a file", "tokenizer", "cross join", "zeros"),
    }
)


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """A database of its own."""
    path = tmp_path / "houses.db"
    path.write_bytes((SOURCES / "houses.db").read_bytes())
    return path


def state(folder: Path) -> dict[str, str]:
    """All files of a folder with their digests."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in HOSTILE]
)
def test_no_query_does_more_than_read(houses: Path, name: str) -> None:
    """It is refused in one sentence that names the database, within its limits; no file is changed or made."""
    sql, words = HOSTILE[name]
    before = state(houses.parent)
    with pytest.raises(InputError, match=words) as caught:
        read_sql(f"sqlite:///{houses}", sql, max_seconds=1 if "longer" in words else 60, max_rows=100)
    assert state(houses.parent) == before
    assert caught.value.where.startswith("houses.db")
    assert caught.value.message.isprintable()


def test_the_authorizer_stands_by_itself(houses: Path) -> None:
    """What the look at the words would miss, the database refuses."""
    from nnplay.data.apart.readers.sqlite import _connect

    connection = _connect(str(houses))
    for sql in ("DELETE FROM houses", "ATTACH ':memory:' AS a", "PRAGMA query_only = off", "CREATE TEMP TABLE t (a)"):
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute(sql)
    assert connection.execute("SELECT count(*) FROM houses").fetchone() == (40,)
    connection.close()


def test_a_query_chooses_rows_and_columns(houses: Path) -> None:
    """The columns are those of the query, with its names; numbers come as numbers and gaps as gaps."""
    data = read_sql(
        f"sqlite:///{houses}", "SELECT area, rooms + 0.5 AS size, price FROM houses ORDER BY rowid;", missing="mean"
    )
    csv = read_file(str(SOURCES / "houses.csv"), target="price", missing="mean")
    assert data.feature_names == ("area", "size")
    assert np.array_equal(data.x[:, 0], csv.x[:, 0], equal_nan=True)
    assert np.array_equal(data.x[:, 1], csv.x[:, 1] + np.float32(0.5))
    assert np.array_equal(data.y, csv.y)
    assert nn.read_sql(f"sqlite:///{houses}", "SELECT rooms, price FROM houses", target="rooms").target_names == (
        "rooms",
    )


def test_columns_of_one_name_and_mixed_kinds_are_read(houses: Path) -> None:
    """A name that comes twice is made unique; a column of words and numbers is one of words."""
    sql = "SELECT rooms, rooms, CASE WHEN rooms > 3 THEN rooms ELSE 'few' END AS many, price FROM houses"
    data = read_sql(f"sqlite:///{houses}", sql, kinds={"many": "category"})
    assert {"rooms", "rooms_2", "many=few"} <= set(data.feature_names)


def test_several_tables_are_listed(houses: Path) -> None:
    """Without a query the one table is read; of several the names are told, with the way to say which."""
    assert len(read_file(str(houses), target="price", missing="mean")) == 40
    with sqlite3.connect(houses) as database:
        database.execute('CREATE TABLE "x""; DROP TABLE houses; --" (a)')
    database.close()
    with pytest.raises(InputError, match=r"holds 2 tables: houses, x\"; DROP.*use sql='SELECT \* FROM …'"):
        read_file(str(houses))


def test_a_hostile_view_is_refused(houses: Path) -> None:
    """What the database's own schema runs is held to the same rules."""
    with sqlite3.connect(houses) as database:
        database.execute("CREATE VIEW v AS SELECT load_extension('x.so') AS a, price FROM houses")
    database.close()
    with pytest.raises(InputError, match=r"houses\.db: the query is refused"):
        read_sql(str(houses), "SELECT * FROM v")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"no database at all" * 100, "is not an SQLite database"),
        (b"SQLite format 3\0" + bytes(84), "is not an SQLite database|damaged"),
        (None, "is damaged|no SQLite database|refused"),
    ],
    ids=["empty", "text", "head", "torn"],
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    """Damage is one sentence, and the file stays as it is."""
    whole = (SOURCES / "houses.db").read_bytes()
    path = tmp_path / "my.db"
    path.write_bytes(whole[:700] + bytes(500) + whole[1200:] if content is None else content)
    before = state(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        read_file(str(path))
    assert state(tmp_path) == before
    assert caught.value.where == "my.db"


def test_a_database_in_write_ahead_mode_is_read_without_a_trace(tmp_path: Path) -> None:
    """Rows that another program has committed are there; a half-written one is not read."""
    path = tmp_path / "busy.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = wal")
    writer.execute("CREATE TABLE t (a, y)")
    writer.executemany("INSERT INTO t VALUES (?, ?)", [(place, place % 2) for place in range(20)])
    assert len(read_file(str(path))) == 20
    writer.close()
    assert len(read_file(str(path))) == 20
    assert sorted(file.name for file in tmp_path.iterdir()) == ["busy.db"]
    (tmp_path / "busy.db-journal").write_bytes(b"half a page")
    with pytest.raises(InputError, match="half-written"):
        read_file(str(path))


PASSWORDS = [
    "postgresql://me:s3cret@host/shop",
    "postgres://me:s3c@ret@host:5432/shop?sslmode=require",
    "postgresql+psycopg2://me:s3cret@host/shop",
    "postgresql://me@host/shop?password=s3cret",
    "postgresql://me@host/shop;password=s3cret",
    "postgresql://me:?s3cret@host/shop",
    "postgresql://me:#s3cret@host/shop",
    "postgresql://host/shop?sslpassword=s3cret&user=me",
    "postgresql://:s3cret@/shop",
]


@pytest.mark.parametrize(
    "address",
    [*PASSWORDS, "postgresql://me@host/shop?%70assword=s3cret", "postgresql://me%3As3cret@host/shop"],
)
def test_a_password_in_an_address_is_refused_and_never_shown(address: str) -> None:
    """From Python, a run file and the command line: the way out is named, the password is not."""
    from nnplay.cli.source import base_table
    from nnplay.tui.forms.problem import data_named

    ways: list[Callable[[], Any]] = [
        partial(read_sql, address, "SELECT 1"),
        partial(RunConfig.from_dict, {"data": {"file": address, "sql": "SELECT 1"}}),
        partial(base_table, address),
        partial(data_named, address),
    ]
    for way in ways:
        with pytest.raises(InputError, match=r"has a password in it.*PGPASSWORD") as caught:
            way()
        assert "s3c" not in caught.value.message + repr(caught.value) + str(caught.value.args)


@pytest.mark.parametrize("address", PASSWORDS)
def test_no_error_shows_a_password(address: str) -> None:
    """Whatever quotes what was typed has a point in place of the password."""
    assert "s3c" not in InputError(f"unknown command '{address}'", where=address, hint=f"is {address} it?").message
    assert without_password("see https://x.org/a: me@x") == "see https://x.org/a: me@x"


@pytest.mark.parametrize(
    "words",
    ["host=h user=me password=s3cret", "postgresql:me:s3cret@host/shop", "postgresql:/me:s3cret@host/shop"],
)
def test_a_password_is_not_shown_though_it_is_in_no_address(words: str) -> None:
    """What is taken for the name of a file is quoted without it; the kind of a column of that name is no secret."""
    with pytest.raises(InputError, match="no such file") as caught:
        read_file(words)
    assert "s3c" not in caught.value.message
    assert without_password("use --kinds 'password=skip'") == "use --kinds 'password=skip'"


@pytest.mark.parametrize("address", ["postgresql://127.0.0.1:1/shop?sslmode=a@b", "postgresql://me@127.0.0.1:1/shop"])
def test_an_address_without_a_password_is_not_refused_for_one(address: str) -> None:
    """A port is none, whatever follows."""
    assert whole_source(address) == address


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("max_rows", "many", "my.db, max_rows: 'many' is not an integer"),
        ("max_rows", 0, "my.db, max_rows: '0' is not an integer ≥ 1"),
        ("max_rows", 1.5, "my.db, max_rows: '1.5' is not an integer"),
        ("max_seconds", None, "my.db, max_seconds: 'None' is not an integer"),
        ("max_seconds", float("nan"), "my.db, max_seconds: 'nan' is not an integer"),
        ("max_seconds", True, "my.db, max_seconds: 'True' is not an integer"),
        ("sql", ["SELECT 1"], "my.db, sql: .* is not a valid query; give one SELECT"),
        ("path", "other.db", "'path' cannot be given here; give the address, then the query"),
    ],
)
def test_a_wrong_limit_is_one_sentence(tmp_path: Path, option: str, value: Any, words: str) -> None:
    """No number of the wrong kind is rounded, ignored, or ends in a traceback."""
    shutil.copy(SOURCES / "houses.db", path := tmp_path / "my.db")
    with pytest.raises(InputError, match=words):
        read_file(str(path), sql=value) if option == "sql" else read_sql(str(path), "", **{option: value})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("my.duckdb", "houses.db", "my.duckdb: looks like an SQLite database; give it a name .* .db"),
        ("my.db", "houses.parquet", "my.db: looks like a Parquet file; give it a name that ends in .parquet"),
        ("my.jsonl", "houses.arrow", "my.jsonl: looks like an Arrow file; give"),
        ("my.json", "houses.db", "my.json: looks like an SQLite database"),
        ("my.fwf", "houses.xlsx", "my.fwf: .*Excel workbook"),
    ],
)
def test_a_file_under_another_name_is_recognised(tmp_path: Path, name: str, content: str, words: str) -> None:
    """The answer is what it really is and the name that works."""
    if name.endswith("duckdb"):
        pytest.importorskip("duckdb")
    shutil.copy(SOURCES / content, path := tmp_path / name)
    with pytest.raises(InputError, match=words):
        read_file(str(path))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://host/shop", "addresses that begin with mysql:// are not read; known: .*postgresql"),
        ("https://host/my.csv", "download the file first"),
        ("sqlite://host/shop.db", "three slashes and a path"),
        ("sqlite:///", "three slashes and a path"),
        ("sqlite:///nowhere.db", "no such file"),
        ("sqlite:////dev/zero", "not a regular file but a device"),
        ("postgresql://host:nonsense/shop", "is not an address"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(address: str, words: str) -> None:
    """One sentence with the way out."""
    with pytest.raises(InputError, match=words):
        read_sql(address, "SELECT 1, 2")


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    """The reason is the system's; nothing waits for long."""
    pytest.importorskip("psycopg")
    with pytest.raises(InputError, match=r"shop: cannot be reached: .*is the server running\?"):
        read_sql("postgresql://me@127.0.0.1:1/shop", "SELECT 1, 2")


def test_a_run_finds_its_database_from_anywhere(houses: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative address is made whole, with what its letters mean kept; the query goes along."""
    monkeypatch.chdir(houses.parent)
    houses.rename(houses.parent / "my #1 50% shop?.db")
    run = RunConfig.from_dict(
        {"data": {"file": "sqlite:///my %231 50%25 shop%3F.db", "sql": "SELECT rooms, price FROM houses"}}
    )
    whole = run.anywhere()
    monkeypatch.chdir("/")
    again = RunConfig.from_dict(whole.to_dict())
    assert len(again.data.load()) == 40
    assert again.data.values["sql"] == "SELECT rooms, price FROM houses"


def test_another_statement_is_refused_by_its_word() -> None:
    """All kinds of statements, and several in one, before any database sees them."""
    for sql, words in HOSTILE.values():
        if re.search("not [A-Z]+$|only one statement|comment|unclosed|NUL", words):
            with pytest.raises(InputError, match=words):
                one_select(sql)


def test_one_select_is_found_whatever_surrounds_it() -> None:
    """Comments, a semicolon at the end, quotes with anything in them and brackets do not confuse it."""
    for sql in (
        "select 1",
        "  -- why\n select 1 ; ; -- end",
        "SELECT ';' AS \"a;b\", `c;d`, $$x;y$$ FROM [t;u]".replace("[t;u]", "t"),
        "(SELECT 1) UNION (SELECT 2);",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1, 2)",
    ):
        assert one_select(sql)
    assert one_select(" -- nothing\n ; ") == ""
    assert max(field.longest for field in SQL_FIELDS) == 100_000


def test_the_shop_is_what_its_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped database has the rows that `make.py` draws by its seed; the default query makes 600 of them."""
    import runpy

    folder = datasets_folder() / "sql_shop"
    monkeypatch.setattr("sys.argv", ["make.py", str(tmp_path / "shop.db")])
    runpy.run_path(str(folder / "make.py"), run_name="__main__")
    dumps = []
    for path in (folder / "shop.db", tmp_path / "shop.db"):
        with sqlite3.connect(path) as database:
            dumps.append(list(database.iterdump()))
        database.close()
    assert dumps[0] == dumps[1]
    assert len(load_dataset("sql_shop")) == 600
    fewer = load_dataset("sql_shop", sql="SELECT newsletter, churned FROM customers")
    assert fewer.feature_names == ("newsletter",)
