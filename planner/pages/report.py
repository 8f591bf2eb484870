"""The report page: what a study says, and every form to take it home in."""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from planner.exports import FOLDER, Written, credits_of, write_exports
from planner.language import Translator
from planner.pages import session, worked
from planner.report_answer import answer, figures
from planner.report_digest import Digest, rule_set_title
from planner.study import Study

REPORT = "report.html"


class Bundle:
    """The written files of one state of somebody's work; they go with the session.

    Attributes
    ----------
    key
        The work's name and the language: files of another are never handed out.
    files
        What was written.
    """

    def __init__(self, key: tuple[str, str], study: Study, translator: Translator) -> None:
        folder = Path(tempfile.mkdtemp(prefix="outlet-planner-"))
        self.close = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.key = key
        self.files: tuple[Written, ...] = write_exports(study, folder, translator)


@dataclass(frozen=True, slots=True)
class _File:
    """What the download button asks when it is clicked: the file's content."""

    bundle: Bundle
    path: Path

    def __call__(self) -> bytes:
        return self.path.read_bytes()


def show() -> None:
    """Show the page."""
    t = session.language()
    work = session.work()
    with st.spinner(t("Counting up the study…")):
        digest = worked.digest_for(work, session.tables())
    st.header(session.plain(answer(digest)))
    _scope(digest, t)
    _figures(digest)
    bundle = _written((work.key, str(t.language)))
    if bundle is None:
        _offer((work.key, str(t.language)), digest, t)
    else:
        _downloads(bundle, t)
    st.subheader(t("Sources and credits"))
    for line in credits_of(digest.study, t):
        st.markdown("- " + session.plain(line))


def _scope(digest: Digest, t: Translator) -> None:
    """Say what the report is about: rules, year, tried sites, and that it holds all enterprises."""
    study = digest.study
    if study.tables.sample:
        st.warning(t("Fictional sample."))
    said = [
        t("Rules: {rules}", rules=rule_set_title(study, t)),
        t("Year: {year}", year=study.scenario.year),
    ]
    if sites := len(session.work().draft.sites):
        said.append(
            t.plural(
                "{n} tried site is in it as a new outlet", "{n} tried sites are in it as new outlets", sites
            )
        )
    said.append(t("all enterprises"))
    st.caption(session.plain(" · ".join(said)))


def _figures(digest: Digest) -> None:
    shown = figures(digest, digest.study.sales_within_reach)
    for place, figure in zip(st.columns(len(shown)), shown, strict=True):
        place.metric(session.plain(figure.label), figure.value)
        place.caption(session.plain(figure.note))


def _written(key: tuple[str, str]) -> Bundle | None:
    """Return the files of this state of the work; those of another state are deleted."""
    found: Bundle | None = st.session_state.get("exports")
    if found is not None and found.key != key:
        del st.session_state["exports"]
        found.close()
        return None
    return found


def _offer(key: tuple[str, str], digest: Digest, t: Translator) -> None:
    st.markdown(
        t(
            "Written on demand, from exactly what is shown here: the report as a page, a workbook, map "
            "layers, and a folder from which every figure can be recomputed."
        )
    )
    if st.button(t("Write the report"), key="report_write", type="primary"):
        with st.spinner(t("Writing the report…")):
            st.session_state["exports"] = Bundle(key, digest.study, t)
        st.rerun()


def _downloads(bundle: Bundle, t: Translator) -> None:
    """Show each file with what it holds, its size and its button; the report first."""
    st.subheader(t("Files"))
    order = {REPORT: 0, FOLDER.name: 1}
    for one in sorted(bundle.files, key=lambda one: order.get(one.export.name, 2)):
        words, size, button = st.columns([6, 1, 2], vertical_alignment="center")
        words.markdown(f"**{t(one.export.title)}**  \n{t(one.export.holds)}")
        size.markdown(size_words(one.size, t))
        button.download_button(
            t("Download"),
            _File(bundle, one.path),
            file_name=one.name,
            mime=one.export.media,
            key=f"download_{one.export.name}",
            type="primary" if one.export.name == REPORT else "secondary",
            on_click="ignore",
            width="stretch",
            help=one.name,
        )


def size_words(size: int, t: Translator) -> str:
    """Return a file's size in words."""
    if size < 1_000_000:
        return t("{n} kB", n=t.number(max(1, size / 1e3)))
    return t("{n} MB", n=t.number(size / 1e6, 1))
