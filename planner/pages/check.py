"""The page that holds a network against its rules: the answer, the map, the table."""

import pandas as pd
import streamlit as st

from geodata.messages import InputError, NoteKind
from geodata.schemas import Datum
from planner.assumptions import assumptions
from planner.language import Translator
from planner.pages.session import File, checked, content_of, map_page, plain, sample_files
from planner.report_answer import answer, figures
from planner.report_digest import Digest, digest_of, failing, status_words
from planner.rules.ruleset import load_rule_set, presets
from planner.sentences import with_sentences
from planner.study import Study

MAP_HEIGHT = 640
MOST_PROBLEMS = 20
FORMATS = ["csv", "xlsx", "parquet", "gpkg", "geojson"]


def check_page(t: Translator) -> None:
    """Show the page: controls on the left in the order of thought, the answer on the right."""
    with st.sidebar:
        sales, outlets, areas = _files(t)
        datum = st.selectbox(t("Datum of the outlets"), list(Datum), format_func=str.upper, key="datum")
        rules = st.selectbox(t("Rules"), presets(), index=presets().index("cn-2026-73"), key="rules")
        st.caption(_title(rules, t))
    if sales is None:
        st.title(t("Check a network"))
        st.info(t("Choose the sample, or upload a sales table on the left."))
        return
    try:
        key = (sales, outlets, areas, rules, str(datum))
        with st.spinner(t("Checking the network…")):
            study = checked(*key)
    except InputError as error:
        _problems(error, t)
        return
    _show(study, key, t)


def _files(t: Translator) -> tuple[File | None, File | None, File | None]:
    """Return the files to check: the sample's, or those uploaded."""
    choices = {"sample": t("Bundled sample"), "own": t("My own files")}
    chosen = st.radio(t("Data"), list(choices), format_func=choices.__getitem__, key="data")
    if chosen == "sample":
        return (*sample_files(), None)
    sales = st.file_uploader(t("Sales table"), FORMATS, key="sales")
    outlets = st.file_uploader(t("Outlets (optional)"), FORMATS, key="outlets")
    areas = st.file_uploader(t("Areas (optional)"), ["geojson", "gpkg", "parquet"], key="areas")
    return content_of(sales), content_of(outlets), content_of(areas)


def _title(rules: str, t: Translator) -> str:
    rule_set = load_rule_set(rules)
    return rule_set.title_zh if t.language == "zh" and rule_set.title_zh else rule_set.title


def _problems(error: InputError, t: Translator) -> None:
    """Say what must be mended, as plain text: it quotes the files."""
    st.error(t("The files cannot be used as they are. Mend these places and upload them again."))
    for message in error.messages[:MOST_PROBLEMS]:
        st.text(t(message))


def _show(study: Study, key: object, t: Translator) -> None:
    """Show a study: the answer and figures, map beside table, details folded."""
    digest = digest_of(study, t)
    if study.tables.sample:
        st.warning(t("This is the bundled, fictional sample."))
    st.header(plain(answer(digest)))
    shown = figures(digest, study.sales_within_reach, t("within the distance the rules name"))
    for column, figure in zip(st.columns(len(shown)), shown, strict=True):
        column.metric(figure.label, figure.value)
        column.caption(figure.note)
    left, right = st.columns([3, 2])
    with left:
        st.iframe(map_page(key, str(t.language), digest), height=MAP_HEIGHT)
    with right:
        st.dataframe(_areas(digest), hide_index=True, height=MAP_HEIGHT, key="areas_table")
    _details(digest)


def _areas(digest: Digest) -> pd.DataFrame:
    """Return the areas with a duty, the largest shortage first."""
    t, words = digest.t, status_words(digest.t)
    areas = digest.with_duty().sort_values(["missing_outlets", "short", "sales"], ascending=False)
    return pd.DataFrame(
        {
            t("Area"): areas["label"],
            t("Status"): areas["status"].map(words),
            t("Outlets missing"): areas["missing_outlets"],
            t("Duties short"): areas["short"],
            t("Outlets"): areas["outlets"],
            t("Sales"): areas["sales"].round().astype(int),
        }
    )


def _details(digest: Digest) -> None:
    """Show findings, assumptions and notes, folded."""
    t, study = digest.t, digest.study
    with st.expander(t("What is short, and what to do")):
        worst = with_sentences(failing(digest.duties).head(500), t.gettext)
        st.dataframe(worst[["sentence"]].rename(columns={"sentence": t("Finding")}), hide_index=True)
    with st.expander(t("Assumptions")):
        for message in assumptions(study):
            st.text(t(message))
    notes = [note for note in study.notes if note.kind is not NoteKind.ASSUMPTION]
    if notes:
        with st.expander(t("Data notes")):
            for note in notes[:100]:
                st.text(t(note.message))
