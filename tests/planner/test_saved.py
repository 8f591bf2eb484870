"""Saved scenarios: kept as they were, by many at once, and a sentence where the file cannot be used."""

import json
import multiprocessing
import re
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing.pool import Pool
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.messages import InputError
from geodata.roadnetwork import network_from_arrays
from planner.database import FILE, MARK, MIGRATIONS, data_folder
from planner.draft import Draft, Exclusion, TriedSite
from planner.packed import packed
from planner.rules.ruleset import load_rule_set, presets
from planner.saved import FORMAT, Conflict, Opened, Store, restored, stored
from planner.scenario import Metric, Scenario
from planner.work import Work
from tests.planner import worlds

texts = st.text(st.characters(codec="utf-8"), max_size=30)
degrees = st.floats(-180, 180)
numbers = st.none() | st.floats(0, 1e6)
sites = st.builds(
    TriedSite,
    outlet_id=texts,
    name=texts,
    kind=st.sampled_from(["collection", "storage"]),
    enterprises=texts,
    lon=degrees,
    lat=degrees,
    adcode=texts,
    area_m2=numbers,
    stock_cap_t=numbers,
    pickups_per_year=numbers,
    opening_cost=st.floats(0, 1e9),
    origin=st.sampled_from(["map", "table", "proposal"]),
    reason=texts,
)
exclusions = st.builds(
    Exclusion, name=texts, corners=st.lists(st.tuples(degrees, degrees), max_size=5).map(tuple)
)
works = st.builds(
    Work,
    data=st.sampled_from(["demo", "national"]),
    rules=st.sampled_from([load_rule_set(name) for name in presets()]),
    scenario=st.builds(
        Scenario,
        year=st.integers(1990, 2100),
        metric=st.sampled_from(Metric),
        max_new=st.none() | st.integers(0, 10**6),
        budget=numbers,
        weibull_shape=st.floats(0.1, 20),
    ),
    draft=st.builds(
        Draft,
        sites=st.lists(sites, max_size=4).map(tuple),
        exclusions=st.lists(exclusions, max_size=2).map(tuple),
    ),
)


def work(year: int = 2022, data: str = "demo", **parts: object) -> Work:
    return Work(data=data, rules=load_rule_set("cn-2026-73"), scenario=Scenario(year=year), **parts)


def tried(number: int) -> Draft:
    made = TriedSite(
        outlet_id=f"T{number}", name="here", kind="collection", enterprises="M;N", lon=1, lat=2, adcode="1"
    )
    return Draft(sites=(made,) * number)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / FILE)


@pytest.fixture(scope="module")
def processes() -> Iterator[Pool]:
    with multiprocessing.get_context("forkserver").Pool(3) as pool:
        yield pool


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(works, st.text(min_size=1, max_size=20).filter(lambda text: " ".join(text.split()).isprintable()))
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, kept: Work, name: str) -> None:
    store = Store(tmp_path / FILE)
    if not name.split():
        return
    saved = store.save(kept, name).saved
    again = store.load(saved.id)
    assert again.work == kept
    assert again.work.key == kept.key
    assert again.saved.name == " ".join(name.split())


@given(works)
def test_stored_json_is_the_identity(kept: Work) -> None:
    assert restored(stored(kept), "s") == kept


def test_the_list_says_what_matters(store: Store) -> None:
    first = store.save(work(2021), "first", owner="a@b").saved
    store.save(work(draft=tried(3)), "second", owner="a@b")
    store.save(work(), "another's", owner="c@d")
    listed = store.scenarios("a@b")
    assert {one.name for one in listed} == {"first", "second"}
    second = next(one for one in listed if one.name == "second").outline
    assert (second.rules, second.year, second.data, second.sites) == ("cn-2026-73", 2022, "demo", 3)
    assert second.enterprises == ("M", "N")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.created)
    assert len(first.id) >= 16
    assert store.scenarios() == []


def test_versions_are_kept(store: Store) -> None:
    first = store.save(work(2020), "s", owner="a").saved
    for year in (2021, 2022):
        saved = store.update(first.id, year - 2020, work(year), author="b")
        assert isinstance(saved, Opened)
    history = store.history(first.id)
    assert [one.version for one in history] == [3, 2, 1]
    assert [one.author for one in history] == ["b", "b", "a"]
    assert [store.load(first.id, n).work.scenario.year for n in (1, 2, 3)] == [2020, 2021, 2022]
    assert store.load(first.id).saved.version == 3


def test_who_saves_second_is_told_and_nothing_is_lost(store: Store) -> None:
    saved = store.save(work(2020), "s").saved
    store.update(saved.id, 1, work(2021))
    answer = store.update(saved.id, 1, work(2022))
    assert isinstance(answer, Conflict)
    assert (answer.mine, answer.theirs.version) == (work(2022), 2)
    assert store.load(saved.id).work == work(2021)
    copy = store.save(answer.mine, "s (copy)")
    after = store.update(saved.id, answer.theirs.version, answer.mine)
    assert isinstance(after, Opened)
    assert [store.load(saved.id, n).work.scenario.year for n in (1, 2, 3)] == [2020, 2021, 2022]
    assert store.load(copy.saved.id).work == work(2022)


def test_rename_clone_and_delete(store: Store) -> None:
    saved = store.save(work(), " a \n b ", owner="o").saved
    assert saved.name == "a b"
    store.rename(saved.id, "new", owner="o")
    copy = store.clone(saved.id, "copy", owner="p")
    assert (copy.saved.owner, copy.work) == ("p", work())
    with pytest.raises(InputError, match="no such scenario"):
        store.rename(saved.id, "x", owner="p")
    with pytest.raises(InputError, match="no such scenario"):
        store.delete(saved.id, owner="p")
    store.delete(saved.id, owner="o")
    assert (store.scenarios("o"), store.history(saved.id)) == ([], [])
    assert store.load(copy.saved.id).work == work()


@pytest.mark.parametrize("name", ["", " \n\t", "x" * 121, "\x00"])
def test_a_name_is_asked_for(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="a name of 1 to 120"):
        store.save(work(), name)


def test_hostile_names_and_links_are_text(store: Store) -> None:
    name = "'; DROP TABLE scenarios; -- ${alert(1)} </script><img src=x onerror=alert(1)> =cmd()"
    saved = store.save(work(), name).saved
    assert store.scenarios()[0].name == name
    for link in ("", "x", "' OR 1=1 --", saved.id[:-1], "../" + saved.id):
        with pytest.raises(InputError, match="no such scenario"):
            store.load(link)


def test_uploaded_tables_are_kept_once_and_go_with_the_last_scenario(store: Store) -> None:
    codes = [worlds.code(1), worlds.code(2)]
    tables = worlds.tables(codes, [("M", codes[0], 5)], [worlds.at(codes[0], 100.5, 30.5)])
    one = store.save(work(data="f00"), "one", tables=tables).saved
    two = store.save(work(2021, data="f00"), "two", tables=tables).saved
    kept = store.tables("f00")
    for name in ("areas", "sales", "outlets", "demand"):
        pd.testing.assert_frame_equal(getattr(kept, name), getattr(tables, name))
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM inputs").fetchone() == (1,)
    connection.close()
    store.delete(one.id)
    assert len(store.tables("f00").sales) == 1
    store.delete(two.id)
    with pytest.raises(InputError, match="Upload them again"):
        store.tables("f00")


def test_the_same_roads_are_kept_once_for_all_tables_and_go_with_the_last(store: Store) -> None:
    codes = [worlds.code(1), worlds.code(2)]
    roads = network_from_arrays(
        [1, 2], [100.0, 100.1], [30.0, 30.0], [0, 1], [1, 0], [9.6e3] * 2, [600.0, 660.0], name="a.osm"
    )
    tables = replace(worlds.tables(codes, [("M", codes[0], 5)]), roads=roads)
    one = store.save(work(data="f00"), "one", tables=tables).saved
    other = replace(tables, sales=tables.sales.assign(vehicles=7.0))
    two = store.save(work(data="f01"), "two", tables=other).saved
    assert counted(store, "inputs") == 2
    assert counted(store, "roads") == 1
    for name in ("f00", "f01"):
        kept = store.tables(name).roads
        assert kept is not None
        assert (kept.digest, kept.name, kept.credit) == (roads.digest, "a.osm", roads.credit)
    store.delete(one.id)
    assert counted(store, "roads") == 1
    store.delete(two.id)
    assert counted(store, "roads") == 0


def counted(store: Store, table: str) -> int:
    with closing(sqlite3.connect(store.path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_file_from_before_roads_is_read_and_written_on(store: Store) -> None:
    tables = worlds.tables([worlds.code(1)], [("M", worlds.code(1), 5)])
    store.path.parent.mkdir()
    with closing(sqlite3.connect(store.path)) as connection, connection:
        for statement in MIGRATIONS[0].split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO inputs VALUES (?, ?)", ("f00", packed(tables)))
        connection.execute(f"PRAGMA application_id = {MARK}")
        connection.execute("PRAGMA user_version = 1")
    kept = store.tables("f00")
    assert kept.roads is None
    pd.testing.assert_frame_equal(kept.sales, tables.sales)
    saved = store.save(work(data="f00"), "one", tables=tables).saved
    assert store.load(saved.id).work.data == "f00"


def test_sample_tables_are_not_kept(store: Store) -> None:
    store.save(work(), "s", tables=worlds.tables([worlds.code(1)], [("M", worlds.code(1), 5)]))
    with pytest.raises(InputError):
        store.tables("demo")


def test_own_tables_that_are_not_there_are_not_promised(store: Store) -> None:
    with pytest.raises(InputError):
        store.save(work(data="f00"), "s")
    assert store.scenarios() == []


def test_many_threads_lose_nothing(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(lambda n: store.save(work(2000 + n), f"s{n}").saved, range(24)))
    assert {one.name for one in store.scenarios()} == {f"s{n}" for n in range(24)}
    assert len({one.id for one in saved}) == 24


def save_often(path: Path, identity: str, worker: int) -> list[int]:
    """Save ten times, beginning again from the newest version wherever another was quicker."""
    store, versions = Store(path), []
    for number in range(10):
        mine = work(1900 + worker * 10 + number)
        version = store.load(identity).saved.version
        while isinstance(answer := store.update(identity, version, mine), Conflict):
            version = answer.theirs.version
        versions.append(answer.saved.version)
    return versions


def test_many_processes_lose_nothing_and_versions_have_no_gaps(store: Store, processes: Pool) -> None:
    saved = store.save(work(), "s").saved
    versions = processes.starmap(save_often, [(store.path, saved.id, worker) for worker in range(3)])
    assert sorted(sum(versions, [1])) == list(range(1, 32))
    years = {store.load(saved.id, n).work.scenario.year for n in range(2, 32)}
    assert years == set(range(1900, 1930))


def first_use(path: Path, worker: int) -> str:
    return Store(path).save(work(), f"s{worker}").saved.id


def test_a_new_file_is_made_once_though_many_begin(store: Store, processes: Pool) -> None:
    made = processes.starmap(first_use, [(store.path, worker) for worker in range(9)], chunksize=1)
    assert {one.id for one in store.scenarios()} == set(made)


def test_the_file_can_be_written_while_it_is_read(store: Store) -> None:
    saved = store.save(work(), "s").saved
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM versions").fetchall()
    assert isinstance(store.update(saved.id, 1, work(2021)), Opened)
    reader.close()


def test_a_damaged_file_is_a_sentence(store: Store) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(InputError, match=r"scenarios\.sqlite: is damaged"):
        store.scenarios()


def test_a_half_overwritten_file_is_a_sentence(store: Store) -> None:
    for number in range(30):
        store.save(work(draft=tried(20)), f"s{number}")
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(store.path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    store.path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        store.scenarios()


def test_a_newer_file_is_a_sentence_and_stays_as_it_is(store: Store) -> None:
    store.save(work(), "s")
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(InputError, match="newer version"):
        store.save(work(), "t")


def test_another_programs_file_is_left_alone(store: Store) -> None:
    store.path.parent.mkdir()
    with sqlite3.connect(store.path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = store.path.read_bytes()
    with pytest.raises(InputError, match="another program"):
        store.scenarios()
    assert store.path.read_bytes() == before


def test_a_file_in_the_way_of_the_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="cannot be kept"):
        Store(tmp_path / "file" / FILE).scenarios()


def test_a_file_that_may_not_be_written_is_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(work(), "s")
    real = sqlite3.connect

    def read_only(path, **options):
        return real(f"file:{path}?mode=ro", uri=True, **options)

    monkeypatch.setattr("planner.database.sqlite3.connect", read_only)
    assert len(store.scenarios()) == 1
    with pytest.raises(InputError, match="cannot be kept"):
        store.save(work(), "t")


def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = store.save(work(), "s").saved
    real = sqlite3.connect

    def full(path, **options):
        connection = real(path, **options)
        connection.execute("PRAGMA max_page_count = 1")  # the least it takes is what there is
        return connection

    monkeypatch.setattr("planner.database.sqlite3.connect", full)
    with pytest.raises(InputError, match="full"):
        store.update(saved.id, 1, work(draft=tried(400)))
    monkeypatch.undo()
    assert [one.version for one in store.history(saved.id)] == [1]
    assert store.load(saved.id).work == work()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({"format": FORMAT + 1, "work": {}}), "another version"),
        ("{", "another version"),
        ("[" * 100_000, "another version"),
        (json.dumps({"format": FORMAT, "work": {"data": "demo"}}), "cannot be read"),
        (json.dumps({"format": FORMAT, "work": None}), "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_and_the_list_goes_on(store: Store, text: str, said: str) -> None:
    saved = store.save(work(), "old").saved
    store.save(work(), "new")
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE versions SET work = ? WHERE scenario = ?", (text, saved.id))
    connection.close()
    with pytest.raises(InputError, match=said):
        store.load(saved.id)
    assert {one.name for one in store.scenarios()} == {"old", "new"}


def test_a_field_that_is_gone_is_a_sentence() -> None:
    values = json.loads(stored(work()))
    values["work"]["scenario"]["colour"] = "blue"
    with pytest.raises(InputError, match=r"scenario\.colour"):
        restored(json.dumps(values), "s")


def test_the_folder_is_the_users_own(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store.scenarios()
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    monkeypatch.setenv("OUTLET_PLANNER_DATA", str(tmp_path / "named"))
    assert Store.of_user().path == tmp_path / "named" / FILE
    monkeypatch.delenv("OUTLET_PLANNER_DATA")
    assert data_folder().name == "outlet-network-planner"
