"""Saved scenarios: states of somebody's work by name, every version kept, found again by a link."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from geodata.messages import InputError, Message, say
from geodata.sample import SampleSize
from geodata.schemas import Tables
from planner.database import FILE, data_folder, reading, writing
from planner.packed import packed, packed_roads, unpacked
from planner.scenario import sentences_of
from planner.work import Work

FORMAT = 1
"""Of the stored JSON: raised when what was stored before can't be read as it is."""
LONGEST_NAME = 120
NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
Row = tuple[str, str, str, str, str, int, str, str]
SELECT = """
    SELECT s.id, s.owner, s.name, s.created, v.saved, v.version, v.author, v.work
    FROM scenarios AS s JOIN versions AS v ON v.scenario = s.id
"""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a list says of a saved work: tables, rules, year, tried sites, and whose they are."""

    data: str = ""
    rules: str = ""
    year: int | None = None
    sites: int = 0
    enterprises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved scenario, or an earlier version of one.

    Attributes
    ----------
    id
        Cannot be guessed: who knows it may open the scenario.
    owner
        Whose it is; empty where nobody logs in.
    created, changed
        When it was first saved, and when this version was: UTC, ISO 8601.
    version, author
        Counted from 1 without gaps, and who saved it.
    """

    id: str
    owner: str
    name: str
    created: str
    changed: str
    version: int
    author: str
    outline: Outline


@dataclass(frozen=True, slots=True)
class Opened:
    """A saved scenario with its work."""

    saved: Saved
    work: Work


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody saved in between: nothing was written. `mine` is still to be kept, `theirs` is the newest."""

    mine: Work
    theirs: Saved


def is_uploaded(data: str) -> bool:
    """Whether the tables of a work are somebody's own, and not a bundled sample."""
    return data not in tuple(SampleSize)


@dataclass(frozen=True, slots=True)
class Store:
    """The saved scenarios of one file. All methods raise InputError where the file cannot be used."""

    path: Path

    @classmethod
    def of_user(cls) -> "Store":
        """Return the store in the user's data folder."""
        return cls(data_folder() / FILE)

    def save(self, work: Work, name: str, *, owner: str = "", tables: Tables | None = None) -> Opened:
        """Save a work under a name as a new scenario.

        Parameters
        ----------
        tables
            Those of the work, kept with it where they are somebody's own.
        """
        identity = secrets.token_urlsafe(12)
        with writing(self.path) as connection:
            connection.execute(
                f"INSERT INTO scenarios VALUES (?, ?, ?, {NOW}, 1)", (identity, owner, _name(name))
            )
            return _written(connection, identity, 1, owner, work, tables)

    def update(
        self, identity: str, version: int, work: Work, *, author: str = "", tables: Tables | None = None
    ) -> Opened | Conflict:
        """Save a work as the next version of a scenario, if `version` is the newest still.

        Raises
        ------
        InputError
            Also if the scenario is no longer there.
        """
        with writing(self.path) as connection:
            newest = _saved(_row(connection, identity))
            if newest.version != version:
                return Conflict(work, newest)
            connection.execute("UPDATE scenarios SET version = ? WHERE id = ?", (version + 1, identity))
            return _written(connection, identity, version + 1, author, work, tables)

    def clone(self, identity: str, name: str, *, owner: str = "") -> Opened:
        """Save the newest version of a scenario, whoever's it is, as a new one of `owner`."""
        found = self.load(identity)
        return self.save(found.work, name, owner=owner)

    def rename(self, identity: str, name: str, *, owner: str = "") -> None:
        """Call a scenario of `owner` something else."""
        with writing(self.path) as connection:
            done = connection.execute(
                "UPDATE scenarios SET name = ? WHERE id = ? AND owner = ?", (_name(name), identity, owner)
            )
            _require_one(done)

    def delete(self, identity: str, *, owner: str = "") -> None:
        """Delete a scenario of `owner` with all its versions, and the tables and roads no other one needs."""
        with writing(self.path) as connection:
            done = connection.execute("DELETE FROM scenarios WHERE id = ? AND owner = ?", (identity, owner))
            _require_one(done)
            connection.execute(
                "DELETE FROM inputs WHERE digest NOT IN "
                "(SELECT inputs FROM versions WHERE inputs IS NOT NULL)"
            )
            connection.execute(
                "DELETE FROM roads WHERE digest NOT IN (SELECT roads FROM inputs WHERE roads IS NOT NULL)"
            )

    def scenarios(self, owner: str = "") -> list[Saved]:
        """Return the scenarios of an owner, the latest change first."""
        with reading(self.path) as connection:
            rows = connection.execute(
                f"{SELECT} WHERE s.owner = ? AND v.version = s.version ORDER BY v.saved DESC, s.name, s.id",
                (owner,),
            ).fetchall()
        return [_saved(row) for row in rows]

    def history(self, identity: str) -> list[Saved]:
        """Return all versions of a scenario, the newest first."""
        with reading(self.path) as connection:
            rows = connection.execute(
                f"{SELECT} WHERE s.id = ? ORDER BY v.version DESC", (identity,)
            ).fetchall()
        return [_saved(row) for row in rows]

    def load(self, identity: str, version: int | None = None) -> Opened:
        """Return a scenario, the newest version where none is named.

        Raises
        ------
        InputError
            Also if there is no such one, or this version of the program cannot read it.
        """
        with reading(self.path) as connection:
            return _opened(_row(connection, identity, version))

    def tables(self, data: str) -> Tables:
        """Return the tables that were kept with a scenario.

        Raises
        ------
        InputError
            Also if they are not there or cannot be read.
        """
        with reading(self.path) as connection:
            row = connection.execute(
                "SELECT i.content, r.content FROM inputs AS i LEFT JOIN roads AS r ON r.digest = i.roads "
                "WHERE i.digest = ?",
                (data,),
            ).fetchone()
        try:
            return unpacked(*row)
        except Exception as error:  # damaged archives and tables fail in as many ways as their readers have
            raise InputError(
                say("The tables of this scenario cannot be read. Upload them again on the page Data.")
            ) from error


def stored(work: Work) -> str:
    """Return a work as it is stored: JSON that says its format."""
    return f'{{"format": {FORMAT}, "work": {work.model_dump_json()}}}'


def restored(text: str, name: str) -> Work:
    """Return the work of stored JSON; `name` is the scenario's, for the sentence if it cannot be read.

    Raises
    ------
    InputError
        If it is of another version of the program, or damaged.
    """
    values = _parsed(text)
    if values.get("format") != FORMAT:
        raise InputError(
            say(
                "The scenario '{name}' was saved by another version of this program, in a form that this one "
                "does not read. Open it with that version.",
                name=name,
            )
        )
    try:
        return Work.model_validate(values.get("work"))
    except ValidationError as error:
        raise InputError(
            say(
                "The scenario '{name}' cannot be read by this version of the program ({problem}).",
                name=name,
                problem=sentences_of(error, "scenario")[0],
            )
        ) from None


def _parsed(text: str) -> Mapping[str, object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _outline(text: str) -> Outline:
    """Return what the list says of stored JSON, as far as it can be read."""
    work = _parsed(text).get("work")
    try:
        assert isinstance(work, dict)
        sites = work["draft"]["sites"]
        owners = (name.strip() for site in sites for name in str(site["enterprises"]).split(";"))
        return Outline(
            data=str(work["data"]),
            rules=str(work["rules"]["id"]),
            year=int(work["scenario"]["year"]),
            sites=len(sites),
            enterprises=tuple(sorted({name for name in owners if name})),
        )
    except (AssertionError, LookupError, TypeError, ValueError):
        return Outline()


def _name(name: str) -> str:
    """Return a name on one line.

    Raises
    ------
    InputError
        If nothing of it is left, or it is too long.
    """
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not 0 < len(plain) <= LONGEST_NAME:
        raise InputError(say("Give the scenario a name of 1 to {most} characters.", most=LONGEST_NAME))
    return plain


def _require_one(done: sqlite3.Cursor) -> None:
    if done.rowcount != 1:
        raise InputError(_gone())


def _gone() -> Message:
    return say("There is no such scenario: it was deleted, or the link is not whole.")


def _written(
    connection: sqlite3.Connection,
    identity: str,
    version: int,
    author: str,
    work: Work,
    tables: Tables | None,
) -> Opened:
    """Write a version, and the tables it was made with where they are not kept yet; return it as kept."""
    digest = work.data if is_uploaded(work.data) else None
    if digest is not None and tables is not None and not _is_kept(connection, "inputs", digest):
        _keep(connection, digest, tables)
    connection.execute(
        f"INSERT INTO versions VALUES (?, ?, {NOW}, ?, ?, ?)",
        (identity, version, author, stored(work), digest),
    )
    return _opened(_row(connection, identity, version))


def _keep(connection: sqlite3.Connection, digest: str, tables: Tables) -> None:
    """Write tables; the same roads are kept once for all tables that have them."""
    roads = tables.roads
    if roads is not None and not _is_kept(connection, "roads", roads.digest):
        connection.execute("INSERT INTO roads VALUES (?, ?)", (roads.digest, packed_roads(roads)))
    connection.execute(
        "INSERT INTO inputs VALUES (?, ?, ?)", (digest, packed(tables), roads.digest if roads else None)
    )


def _is_kept(connection: sqlite3.Connection, table: Literal["inputs", "roads"], digest: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE digest = ?", (digest,)).fetchone() is not None


def _row(connection: sqlite3.Connection, identity: str, version: int | None = None) -> Row:
    row: Row | None = connection.execute(
        f"{SELECT} WHERE s.id = ? AND v.version = coalesce(?, s.version)", (identity, version)
    ).fetchone()
    if row is None:
        raise InputError(_gone())
    return row


def _opened(row: Row) -> Opened:
    saved = _saved(row)
    return Opened(saved, restored(row[-1], saved.name))


def _saved(row: Row) -> Saved:
    identity, owner, name, created, changed, version, author, work = row
    return Saved(identity, owner, name, created, changed, version, author, _outline(work))
