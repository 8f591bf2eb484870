"""What one reader's session holds: the language, and the files they gave."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from geodata.sample import write_sample
from geodata.schemas import Datum
from geodata.tables import read_tables
from maps.export import page
from planner.language import Language, Translator, translator
from planner.report_digest import Digest
from planner.report_map import study_map
from planner.rules.ruleset import load_rule_set
from planner.scenario import Scenario
from planner.study import Study, check_study

LANGUAGES = {str(Language.ENGLISH): "English", str(Language.CHINESE): "中文"}
File = tuple[str, bytes]
"""A file's name and content: what the caches know an upload by."""


def chosen_translator(arguments: Sequence[str]) -> Translator:
    """Return the translator of the language chosen in the sidebar; the first is the command's own."""
    names = list(LANGUAGES)
    first = names.index(arguments[0]) if arguments and arguments[0] in names else 0
    chosen = st.sidebar.radio(
        "Language / 语言",
        names,
        index=first,
        format_func=LANGUAGES.__getitem__,
        horizontal=True,
        key="language",
    )
    return translator(chosen)


def plain(text: str) -> str:
    """Return text that names of users' files are in, so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:-])", r"\\\1", text)


def content_of(upload: UploadedFile | None) -> File | None:
    """Return the name and content of an uploaded file."""
    return None if upload is None else (Path(upload.name).name, upload.getvalue())


@st.cache_data(show_spinner=False)
def sample_files() -> tuple[File, File]:
    """Return the sales and outlets of the bundled sample."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sample"
        write_sample(folder)
        sales, outlets = ((name, (folder / name).read_bytes()) for name in ("sales.csv", "outlets.csv"))
        return sales, outlets


@st.cache_resource(show_spinner=False, max_entries=4)
def checked(sales: File, outlets: File | None, areas: File | None, rules: str, datum: str) -> Study:
    """Return the study of some files; it is shared by all who ask for the same, and never changed.

    Raises
    ------
    InputError
        With a sentence for everything to mend in the files.
    """
    with tempfile.TemporaryDirectory() as scratch:
        paths = [_written(Path(scratch) / kind, file) for kind, file in
                 (("sales", sales), ("outlets", outlets), ("areas", areas))]  # fmt: skip
        tables = read_tables(str(paths[0]), outlets=paths[1], areas=paths[2], datum=Datum(datum))
    scenario = Scenario(year=int(tables.sales["year"].max()))
    return check_study(tables, load_rule_set(rules), scenario)


@st.cache_resource(show_spinner=False, max_entries=8)
def map_page(key: object, language: str, _digest: Digest) -> str:  # noqa: ARG001  # what the cache knows it by
    """Return the map of a study as a page, drawn once for a `key` and a language."""
    return page(study_map(_digest), title=_digest.t("Map"), language=_digest.t.language.html)


def _written(folder: Path, file: File | None) -> Path | None:
    """Write an upload under its own name, so that messages name it."""
    if file is None:
        return None
    folder.mkdir()
    (folder / file[0]).write_bytes(file[1])
    return folder / file[0]
