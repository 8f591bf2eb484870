"""Roads on the data page: which are in use, others to upload, and whether it is measured by them."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from geodata.messages import InputError
from geodata.roadnetwork import RoadNetwork
from geodata.schemas import Tables
from planner.forms import choice_name
from planner.language import Translator
from planner.pages import session
from planner.pages.problems import show_problems
from planner.roadintake import MOST_FILES, read_road_upload, road_km, without_roads
from planner.scenario import Metric
from planner.work import Work, obstacles

FILE_TYPES = ["pbf", "osm", "bz2", "gz", "graphml"]


def show(tables: Tables, t: Translator) -> None:
    """Show the roads in use, and what reads others for the tables in use."""
    st.subheader(t("Roads"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _in_use(tables.roads, t)
    with right:
        _upload(tables, t)


def _in_use(roads: RoadNetwork | None, t: Translator) -> None:
    if roads is None:
        st.markdown(t("None: distances are straight lines, or these times a detour factor."))
        return
    st.markdown(
        t(
            "**{name}**: {nodes} junctions, {edges} directions of streets, {km} km of road",
            name=session.plain(roads.name),
            nodes=t.number(len(roads.node_id)),
            edges=t.number(len(roads.tail)),
            km=t.number(road_km(roads)),
        )
    )
    st.caption(session.plain(roads.credit))
    for note in roads.notes:
        st.caption(session.plain(t(note.message)))
    _metric(t)
    for note in session.study().road_notes:
        st.caption(session.plain(t(note.message)))
    st.button(t("Remove the roads"), key="remove_roads", on_click=_remove, icon=":material/delete:")
    for message in st.session_state.pop("roads_refused", ()):
        st.warning(session.plain(t(message)))


def _metric(t: Translator) -> None:
    """Draw the choice of what is measured; the form of the assumptions holds it too."""
    st.session_state["metric"] = str(session.work().scenario.metric)
    st.segmented_control(
        t("Distances are measured"), [str(one) for one in Metric], required=True, key="metric",
        format_func=lambda name: t(choice_name(name)), on_change=_metric_chosen,
    )  # fmt: skip
    st.caption(
        t(
            "Minutes are those of free-flow speeds by OpenStreetMap's limits (assumed), without traffic. How "
            "places come to the roads is among the assumptions of the page Rules."
        )
    )


def _metric_chosen() -> None:
    current = session.work()
    metric = Metric(st.session_state["metric"])
    scenario = current.scenario.model_copy(update={"metric": metric})
    _take_if_measurable(current.model_copy(update={"scenario": scenario}), session.tables())


def _take_if_measurable(changed: Work, tables: Tables) -> bool:
    refused = obstacles(changed, tables)
    if refused:
        st.session_state["roads_refused"] = refused
    else:
        session.set_work(changed)
    return not refused


def _remove() -> None:
    """Measure in straight lines from now on, unless a rule asks for minutes."""
    current, bare = session.work(), without_roads(session.tables())
    metric = Metric.GREAT_CIRCLE if current.scenario.metric.by_road else current.scenario.metric
    scenario = current.scenario.model_copy(update={"metric": metric})
    if _take_if_measurable(current.model_copy(update={"scenario": scenario}), bare):
        session.use_roads(bare)


def _upload(tables: Tables, t: Translator) -> None:
    st.caption(
        t(
            "An OpenStreetMap extract (.osm.pbf, .osm, .osm.bz2) or a GraphML file of OSMnx, up to 20 MB "
            "each. Streets for cars around the areas with sales or outlets are kept; the file is not."
        )
    )
    taken = st.session_state.get("roads_taken", 0)
    files = st.file_uploader(
        t("Files of roads"), type=FILE_TYPES, accept_multiple_files=True, key=f"upload_roads_{taken}",
        label_visibility="collapsed",
    )  # fmt: skip
    margin = st.number_input(
        t("Roads around the areas, km"), 0.0, 100.0, session.work().scenario.roads.margin_km, step=1.0,
        key="roads_margin", help=t("A way may lead out of an area and back into it."),
    )  # fmt: skip
    pressed = st.button(t("Read the roads"), type="primary", key="read_roads",
                        disabled=not 0 < len(files) <= MOST_FILES)  # fmt: skip
    if pressed:
        _read(tables, files, float(margin), t)


def _read(tables: Tables, files: list[UploadedFile], margin_km: float, t: Translator) -> None:
    try:
        with st.spinner(t("Reading the roads: streets, speeds, one-way streets …")):
            uploads = [(file.name, file.getvalue()) for file in files]
            found = read_road_upload(uploads, tables, margin_km=margin_km)
    except InputError as error:
        show_problems(error.messages, t, consequence=t("Nothing was taken over; the roads stay as they are."))
        return
    current = session.work()
    settings = current.scenario.roads.model_copy(update={"margin_km": margin_km})
    session.change(scenario=current.scenario.model_copy(update={"roads": settings}))
    session.use_roads(found)
    st.session_state["roads_taken"] = st.session_state.get("roads_taken", 0) + 1  # empties the box
    st.rerun()
