"""Claims about a real PostgreSQL server, started here: rows become data, and no query or ending harms it.

Debian's package `postgresql` has the server; without one the tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import read_file, read_sql
from nnplay.errors import InputError
from tests.child_signals import signals

psycopg: Any = pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow
SOURCES = Path(__file__).parents[1] / "pure" / "sources"
SECRET = "kein-Mensch-kennt-es"
PATIENCE = 60
ENDLESS = "SELECT count(*), 1 FROM generate_series(1, 100000000000) AS a"


@dataclass(frozen=True)
class Server:
    """A running server: its address, and a connection of its owner's that looks on."""

    address: str
    watch: Any

    def ask(self, sql: str) -> Any:
        """The first value of the first row."""
        return self.watch.execute(sql).fetchone()[0]

    def active(self) -> int:
        """Queries of nnplay's that run now."""
        running = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nnplay' AND state <> 'idle'"
        return int(self.ask(running))

    def wait(self, count: int) -> None:
        """Until so many are running."""
        end = time.monotonic() + PATIENCE
        while self.active() != count:
            assert time.monotonic() < end, f"{self.active()} queries are running, not {count}"
            time.sleep(0.05)


def find(program: str) -> str:
    """The newest one that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else shutil.which(program) or ""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own on a free port, with a table of houses; it refuses root, so root hands it to nobody."""
    if not find("initdb"):
        pytest.skip("PostgreSQL is not installed")
    other: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    home = Path(tempfile.mkdtemp(prefix="nnplay-postgresql-"))
    (home / "password").write_text(SECRET)
    if other:
        for place in (home, home / "password"):
            shutil.chown(place, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    make = [find("initdb"), "-D", home / "data", "-U", "owner", "-A", "scram-sha-256", "--pwfile", home / "password"]
    subprocess.run([*make, "-E", "UTF8", "--no-sync"], check=True, capture_output=True, cwd="/", **other)
    run = [find("postgres"), "-D", home / "data", "-p", str(port), "-k", home, "-h", "127.0.0.1", "-F"]
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **other)
    try:
        watch = _connect(port)
        watch.execute(
            "CREATE TABLE houses (area numeric, rooms smallint, city text, built date, balcony boolean, price float8)"
        )
        with watch.cursor().copy("COPY houses FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write((SOURCES / "houses.csv").read_bytes())
        yield Server(f"postgresql://owner@127.0.0.1:{port}/postgres", watch)
        watch.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _connect(port: int) -> Any:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return psycopg.connect(
                host="127.0.0.1", port=port, user="owner", dbname="postgres", password=SECRET, autocommit=True
            )
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that PostgreSQL's own programs take it from."""
    monkeypatch.setenv("PGPASSWORD", SECRET)


def test_rows_of_a_server_are_those_of_the_table(server: Server) -> None:
    """Numbers, words, dates, truth values and gaps come as they are; the one table is read without a query."""
    csv = read_file(str(SOURCES / "houses.csv"), target="price", missing="mean")
    whole = read_file(server.address, target="price", missing="mean")
    asked = read_sql(server.address, "SELECT * FROM houses ORDER BY ctid", target="price", missing="mean")
    for data in (whole, asked):
        assert data.feature_names == csv.feature_names
        assert np.array_equal(data.x, csv.x, equal_nan=True)
        assert np.array_equal(data.y, csv.y)
    assert [note for note in read_sql(server.address, "SELECT rooms, price FROM houses").notes if "ORDER BY" in note]


#: All as the owner of the server, who may do everything.
HOSTILE = {
    "delete": "DELETE FROM houses",
    "drop": "DROP TABLE houses",
    "truncate": "TRUNCATE houses",
    "copy to program": "COPY houses TO PROGRAM 'touch /tmp/nnplay-was-here'",
    "copy from": "COPY houses FROM '/etc/passwd'",
    "do": "DO $$ BEGIN DELETE FROM houses; END $$",
    "call": "CALL nothing()",
    "set": "SET default_transaction_read_only = off",
    "begin": "BEGIN READ WRITE",
    "commit": "COMMIT",
    "role": "CREATE ROLE thief SUPERUSER",
    "vacuum": "VACUUM FULL houses",
    "lock": "LOCK TABLE houses",
    "listen": "LISTEN a",
    "load": "LOAD 'x'",
    "two": "SELECT 1, 2; DELETE FROM houses",
    "commit between": "SELECT 1, 2; COMMIT; DELETE FROM houses",
    "behind a comment": "SELECT 1, 2 /* x */; DELETE FROM houses",
    "nested comment": "SELECT 1, 2 /* /* */; DELETE FROM houses -- */ */",
    "in dollars": "SELECT $a$; $a$, 2; DELETE FROM houses",
    "escaped quote": r"SELECT E'\'', 2; DELETE FROM houses --'",
    "delete in with": "WITH gone AS (DELETE FROM houses RETURNING *) SELECT * FROM gone",
    "update in with": "WITH a AS (UPDATE houses SET price = 0 RETURNING *) SELECT * FROM a",
    "into": "SELECT * INTO stolen FROM houses",
    "for update": "SELECT * FROM houses FOR UPDATE",
    "sequence": "SELECT nextval('s'), 1",
    "read a file": "SELECT pg_read_file('/etc/passwd'), 1",
    "read bytes": "SELECT pg_read_binary_file('/etc/passwd'), 1",
    "list a folder": "SELECT *, 1 FROM pg_ls_dir('/')",
    "quoted name": "SELECT \"pg_read_file\"('/etc/passwd'), 1",
    "with schema": "SELECT pg_catalog . pg_read_file /* */ ('/etc/passwd'), 1",
    "in escapes": r"SELECT U&'pg\005fsleep', U&" + '"pg\\005fsleep"(1)',
    "large object": "SELECT lo_import('/etc/passwd'), 1",
    "write a file": "SELECT lo_export(1, '/tmp/nnplay-was-here'), 1",
    "end the others": "SELECT pg_terminate_backend(pid), 1 FROM pg_stat_activity",
    "reload": "SELECT pg_reload_conf(), 1",
    "sleep": "SELECT pg_sleep(1000), 1",
    "set in a select": "SELECT set_config('transaction_read_only', 'off', false), 1",
    "query in a text": "SELECT query_to_xml('DELETE FROM houses', true, true, ''), 1",
    "advisory lock": "SELECT pg_advisory_lock(1), 1",
    "notify": "SELECT pg_notify('a', 'b'), 1",
    "endless": ENDLESS,
    "cross join": "SELECT count(*), 1 FROM houses a, houses b, houses c, houses d, houses e, houses f, houses g",
    "recursive": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i), 1 FROM n",
    "many rows": "SELECT i, 2 FROM generate_series(1, 10000000) AS i",
    "bytes": "SELECT 'x'::bytea AS picture, 1 AS y",
    "list": "SELECT ARRAY[1, 2] AS numbers, 1 AS y",
    "record": "SELECT '{\"a\": 1}'::jsonb AS record, 1 AS y",
    "no rows": "SELECT * FROM houses WHERE price < 0",
    "no table": "SELECT * FROM nowhere",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_query_does_more_than_read(server: Server, name: str) -> None:
    """Each is refused in one sentence, within its limits; the table, the roles and the other sessions are as before."""
    whole = "SELECT md5(string_agg(h::text, '|' ORDER BY h::text)) FROM houses AS h"
    state = [whole, "SELECT count(*) FROM pg_class", "SELECT count(*) FROM pg_roles", "SELECT count(*) FROM pg_locks"]
    before = [server.ask(sql) for sql in state]
    with pytest.raises(InputError) as caught:
        read_sql(server.address, HOSTILE[name], max_seconds=1, max_rows=100)
    assert caught.value.where.startswith("postgres")
    assert caught.value.message.isprintable()
    assert SECRET not in caught.value.message
    server.wait(0)
    assert [server.ask(sql) for sql in state] == before
    assert not Path("/tmp/nnplay-was-here").exists()


def test_the_transaction_reads_only_by_itself(server: Server) -> None:
    """A function of the database's own that writes is stopped by the server, not by its name."""
    server.watch.execute(
        "CREATE OR REPLACE FUNCTION sweep() RETURNS int LANGUAGE sql AS 'DELETE FROM houses; SELECT 1'"
    )
    with pytest.raises(InputError, match="read-only transaction"):
        read_sql(server.address, "SELECT sweep(), 1")
    assert server.ask("SELECT count(*) FROM houses") == 40


def test_a_wrong_password_names_the_way_and_not_the_word(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, and with a wrong one; one in a file is found."""
    monkeypatch.setenv("PGPASSWORD", "ein-falsches")
    with pytest.raises(InputError, match=r"cannot be reached.*PGPASSWORD or into ~/\.pgpass") as caught:
        read_sql(server.address, "SELECT 1, 2")
    assert "ein-falsches" not in caught.value.message
    monkeypatch.delenv("PGPASSWORD")
    with pytest.raises(InputError, match="no password supplied"):
        read_sql(server.address, "SELECT 1, 2")


def test_a_file_of_passwords_is_used(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As all of PostgreSQL's programs do."""
    (tmp_path / "pgpass").write_text(f"127.0.0.1:*:*:owner:{SECRET}\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert len(read_sql(server.address, "SELECT rooms, price FROM houses")) == 40


def started(*words: str) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "nnplay", "train", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=signals())


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_program_that_is_ended_takes_its_query_along(server: Server, ending: signal.Signals) -> None:
    """Ctrl+C, a closed terminal, even a kill: the query is cancelled on the server."""
    with started(server.address, "--sql", ENDLESS, "--max-seconds", "1000") as program:
        server.wait(1)
        program.send_signal(ending)
        out, err = program.communicate(timeout=PATIENCE)
        server.wait(0)
    assert program.returncode not in (0, None)
    assert "Traceback" not in out + err


def test_a_session_keeps_the_query_and_no_password(server: Server, tmp_path: Path) -> None:
    """It is trained, saved, and trained further; when rows have changed on the server, that is said."""
    path = tmp_path / "run.nnplay"
    sql = "SELECT area, rooms, city, price FROM houses ORDER BY ctid"
    words = ["--sql", sql, "--target", "price", "--missing", "mean", "--epochs", "2", "--save", str(path)]
    with started(server.address, *words) as program:
        out, err = program.communicate(timeout=PATIENCE * 5)
    assert program.returncode == 0, err
    kept = b"".join(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())
    assert sql.encode() in kept
    assert SECRET.encode() not in kept
    assert SECRET not in out + err
    server.watch.execute("UPDATE houses SET price = price + 1 WHERE rooms = 3")
    try:
        with started(str(path), "--epochs", "1") as program:
            _, err = program.communicate(timeout=PATIENCE * 5)
    finally:
        server.watch.execute("UPDATE houses SET price = price - 1 WHERE rooms = 3")
    assert program.returncode == 0, err
    assert "this is not the data that the run was trained on" in err
