"""The file that saved scenarios are in: SQLite, made and brought up to date when it is opened."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from platformdirs import user_data_path

from geodata.messages import InputError, Message, say

FOLDER_VARIABLE = "OUTLET_PLANNER_DATA"
FILE = "scenarios.sqlite"
WAIT_S = 20.0
"""How long one writer waits for the others."""
MARK = 0x6F757470
"""SQLite's `application_id` of our files, so that no other program's file is taken for one."""
MIGRATIONS = (
    """
    CREATE TABLE inputs (digest TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE scenarios (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, created TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version >= 1)
    ) WITHOUT ROWID;
    CREATE INDEX scenarios_of ON scenarios (owner);
    CREATE TABLE versions (
        scenario TEXT NOT NULL REFERENCES scenarios (id) ON DELETE CASCADE,
        version INTEGER NOT NULL, saved TEXT NOT NULL, author TEXT NOT NULL,
        work TEXT NOT NULL, inputs TEXT REFERENCES inputs (digest),
        PRIMARY KEY (scenario, version)
    );
    CREATE INDEX versions_of_inputs ON versions (inputs);
    """,
    """
    CREATE TABLE roads (digest TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
    ALTER TABLE inputs ADD COLUMN roads TEXT REFERENCES roads (digest);
    """,
)
"""What brings a file from one `user_version` to the next; only ever added to."""
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def data_folder() -> Path:
    """Return the user's data folder: what OUTLET_PLANNER_DATA names, else where the system keeps such."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else user_data_path("outlet-network-planner", appauthor=False)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection to a file of ours, made where it is not there.

    Raises
    ------
    InputError
        If the file is damaged, of a newer version or another program's, or can't be opened or written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as connection:
            _prepare(connection, path)
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise InputError(_sentence(path, error)) from None


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection whose changes are all kept, or none; writers come one after the other.

    Raises
    ------
    InputError
        As `reading`, and where the disk is full.
    """
    with reading(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) != len(MIGRATIONS) or _mark(connection) != MARK:
        _require_ours(connection, path)
        _write_ahead(connection)
        _migrate(connection, path)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and one writer work at once; SQLite does not wait by itself where several change this."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code(error) not in BUSY or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        _require_ours(connection, path)
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in script.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {MARK}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and _mark(connection) != MARK:
        raise InputError(
            say(
                "{file}: is another program's file. Name another folder by OUTLET_PLANNER_DATA.",
                file=path.name,
            )
        )
    if _version(connection) > len(MIGRATIONS):
        raise InputError(
            say(
                "{file}: was written by a newer version of this program. Update the program, or name another "
                "folder by OUTLET_PLANNER_DATA.",
                file=path.name,
            )
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _mark(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _code(error: Exception) -> int:
    """Return SQLite's primary result code; 0 for errors that are none of SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sentence(path: Path, error: Exception) -> Message:
    """Say what keeps the file from being used, by its name only: a server's folders are nobody's business."""
    if _code(error) in DAMAGED:
        text = say(
            "{file}: is damaged ({problem}). Put it aside or bring back a copy of it; without it, a new one "
            "is made.",
            file=path.name,
            problem=error,
        )
    elif _code(error) in BUSY:
        text = say("{file}: others are writing to it. Try again.", file=path.name)
    else:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else error
        text = say(
            "{file}: scenarios cannot be kept ({problem}). Make room or make the folder writable, or name "
            "another by OUTLET_PLANNER_DATA.",
            file=path.name,
            problem=problem,
        )
    return text
