"""The data page: which tables are in use, tables of one's own, templates and the sample to download."""

import io
import zipfile
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from geodata.messages import InputError, Note
from geodata.sample import SampleSize, write_sample
from geodata.schemas import Datum, Tables
from geodata.template import write_templates
from planner import tablenotes
from planner.intake import TABLES, WITH_DATUM, Intake, read_upload
from planner.language import Translator
from planner.pages import roads, session
from planner.pages.problems import show_problems

DATUMS = {"wgs84": "WGS-84 (GPS)", "gcj02": "GCJ-02", "bd09": "BD-09"}
_TABLE_ENDINGS = ["csv", "xlsx", "parquet", "gpkg", "geojson"]
_AREA_ENDINGS = ["gpkg", "geojson", "json", "parquet", "geoparquet"]
_ENDINGS = {"areas": _AREA_ENDINGS, "demand": [*_TABLE_ENDINGS, "tif", "tiff"]}
Checked = tuple[tuple[object, ...], Intake | InputError]


def show() -> None:
    """Show the page."""
    t = session.language()
    tables = session.tables()
    _answer(tables, t)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _in_use(tables, t)
    with right:
        _samples(t)
        _downloads(t)
    st.divider()
    roads.show(tables, t)
    st.divider()
    _own(t)


def _answer(tables: Tables, t: Translator) -> None:
    enterprises = tables.sales["enterprise"].nunique()
    first, last = int(tables.sales["year"].min()), int(tables.sales["year"].max())
    st.header(
        t(
            "In use: sales of {enterprises} enterprises from {first} to {last}, {outlets} outlets",
            enterprises=t.number(enterprises),
            first=first,
            last=last,
            outlets=t.number(len(tables.outlets)),
        )
    )
    if tables.sample:
        st.warning(
            t("This is the bundled sample: enterprises, sales and outlets are fictional, areas are real."),
            icon=":material/science:",
        )


def _in_use(tables: Tables, t: Translator) -> None:
    st.subheader(t("Tables in use"))
    st.dataframe(tablenotes.table_rows(tables, t), hide_index=True, width="stretch", alt=t("Tables in use"))
    _notes(tables.notes, t, key="notes")


def _notes(notes: tuple[Note, ...], t: Translator, *, key: str) -> None:
    """Show what the readers noticed: doubts about a whole file first, the rest by kind, folded."""
    for note in tablenotes.doubts(notes):
        st.warning(
            f"{session.plain(note.source)}: {session.plain(t(note.message))}", icon=":material/explore:"
        )
    if not notes:
        st.caption(t("Nothing odd was noticed in them."))
        return
    counted = " · ".join(f"{kind} {t.number(number)}" for kind, number in tablenotes.note_counts(notes, t))
    with st.expander(t("See notes: {counted}", counted=counted), key=key):
        st.dataframe(tablenotes.note_rows(notes, t), hide_index=True, width="stretch", alt=t("Notes"))


def _samples(t: Translator) -> None:
    st.subheader(t("Samples"))
    st.caption(t("Fictional enterprises and outlets in real areas, to try everything out."))
    names = {"demo": t("Use the sample of 5 enterprises"), "national": t("Use the sample of 190 makers")}
    with st.container(horizontal=True):
        for size, name in names.items():
            used = session.work().data == size
            st.button(name, key=f"use_{size}", disabled=used, on_click=_use_sample, args=(size,))


def _downloads(t: Translator) -> None:
    st.subheader(t("Downloads"))
    st.caption(t("Workbooks to fill in: a sheet for each table, with examples, units and area codes."))
    with st.container(horizontal=True):  # what is downloaded is made when it is asked for
        for language, name in (("en", t("Template in English")), ("zh", t("Template in Chinese"))):
            st.download_button(
                name,
                partial(_template, language),
                f"template-{language}.xlsx",
                key=f"template_{language}",
                on_click="ignore",
            )
        st.download_button(
            t("The sample as CSV"), _sample_files, "sample.zip", key="sample_files", on_click="ignore"
        )


def _own(t: Translator) -> None:
    st.subheader(t("Tables of your own"))
    st.caption(
        t(
            "Only sales are needed. CSV, XLSX, Parquet, GeoPackage or GeoJSON, demand also as a raster of "
            "people (GeoTIFF), up to 20 MB each. They stay in the server's memory for as long as this page "
            "is open, and nobody else sees them."
        )
    )
    files = {table: _upload(table, t) for table in TABLES}
    given = {table: file for table, file in files.items() if file is not None}
    datums = {table: Datum(st.session_state[f"datum_{table}"]) for table in WITH_DATUM if table in given}
    cell_km = _cells(t) if "demand" in given else None
    asked = (*((table, file.file_id, datums.get(table)) for table, file in given.items()), cell_km)
    if st.button(t("Check the tables"), type="primary", disabled="sales" not in given, key="check_tables"):
        with st.spinner(t("Reading the tables: codes, numbers, coordinates …")):
            st.session_state["checked_tables"] = asked, _read(given, datums, cell_km)
    if "sales" not in given:
        st.caption(t("Upload a sales table to begin; the template shows its columns."))
    checked: Checked | None = st.session_state.get("checked_tables")
    if checked is not None and checked[0] == asked:
        _report(checked[1], t)


def _upload(table: str, t: Translator) -> UploadedFile | None:
    """Draw a table's row: the file, and the datum where it has coordinates."""
    about, field, datum = st.columns([2, 5, 2], vertical_alignment="center")
    about.markdown(f"**{t(tablenotes.NAMES[table])}**  \n{_about(table, t)}")
    endings = _ENDINGS.get(table, _TABLE_ENDINGS)
    name = t(tablenotes.NAMES[table])
    file = field.file_uploader(name, type=endings, key=f"upload_{table}", label_visibility="collapsed")
    if table in WITH_DATUM:
        st.session_state.setdefault(f"datum_{table}", "wgs84")
        datum.selectbox(
            t("Datum of its coordinates"), list(DATUMS), format_func=DATUMS.__getitem__, key=f"datum_{table}",
            help=t("Chinese map services hand out GCJ-02 or BD-09, some 500 m away from WGS-84."),
        )  # fmt: skip
    return file


def _cells(t: Translator) -> float | None:
    """Draw the size of the cells that demand is merged to, and return it; None: as the reader chooses."""
    return st.number_input(
        t("Cells of demand, km"), 0.1, 100.0, value=None, step=1.0, key="cell_km", width=300,
        placeholder=t("as many as 100,000 points allow"),
        help=t("A raster, points without codes or polygons are merged to squares of this size."),
    )  # fmt: skip


def _about(table: str, t: Translator) -> str:
    return {
        "sales": t("who sold how much, where, in which year"),
        "outlets": t("what exists; left out: nothing yet"),
        "sites": t("where outlets could open; left out: anywhere"),
        "demand": t("where sales are: table, points, raster or polygons; left out: assumed"),
        "areas": t("other polygons than China's prefectures"),
        "recyclers": t("where batteries go on from the outlets"),
    }[table]


def _read(
    files: dict[str, UploadedFile], datums: dict[str, Datum], cell_km: float | None
) -> Intake | InputError:
    uploads = {table: (file.name, file.getvalue()) for table, file in files.items()}
    try:
        return read_upload(uploads, datums, cell_km=cell_km)
    except InputError as error:
        return error


def _report(found: Intake | InputError, t: Translator) -> None:
    """Show what is wrong, or what was read with the button to use it."""
    if isinstance(found, InputError):
        show_problems(
            found.messages, t, consequence=t("Nothing was taken over; the tables in use stay as they are.")
        )
        return
    st.success(
        t(
            "The tables can be used: {sales} rows of sales, {outlets} outlets.",
            sales=t.number(len(found.tables.sales)),
            outlets=t.number(len(found.tables.outlets)),
        ),
        icon=":material/check_circle:",
    )
    st.dataframe(
        tablenotes.table_rows(found.tables, t), hide_index=True, width="stretch", alt=t("Tables read")
    )
    _notes(found.notes, t, key="notes_of_upload")
    st.button(t("Use these tables"), type="primary", on_click=_use, args=(found,), key="use_tables")


def _use_sample(size: str) -> None:
    session.use_tables(size)


def _use(intake: Intake) -> None:
    """Work on uploaded tables from now on."""
    session.keep_own(session.own_tables(), intake.digest, intake.tables, most=session.MOST_OWN)
    st.session_state.pop("checked_tables", None)
    session.use_tables(intake.digest)


def _template(language: str) -> bytes:
    return _templates()[language]


@st.cache_resource(show_spinner=False)
def _templates() -> dict[str, bytes]:
    """Return the workbooks to fill in, by language."""
    with TemporaryDirectory() as scratch:
        english, chinese = write_templates(Path(scratch) / "templates")
        return {"en": english.read_bytes(), "zh": chinese.read_bytes()}


@st.cache_resource(show_spinner=False)
def _sample_files() -> bytes:
    """Return the small sample's files as an archive."""
    content = io.BytesIO()
    with TemporaryDirectory() as scratch, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = Path(scratch) / "sample"
        write_sample(folder, str(SampleSize.DEMO))
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return content.getvalue()
