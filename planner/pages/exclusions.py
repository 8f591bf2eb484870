"""The parts of the map where nothing may be opened: drawn corner by corner, as numbers, or from a file."""

import pandas as pd
import streamlit as st

from planner.language import Translator
from planner.pages import session, trystate

MOST_BYTES_MB = 2


def shapes() -> list[dict[str, object]]:
    """Return the excluded parts, and the one being drawn, as the map draws them."""
    shown: list[dict[str, object]] = [
        {"name": one.name, "corners": [list(corner) for corner in one.corners], "open": False}
        for one in session.work().draft.exclusions
    ]
    if trystate.corners():
        drawn = [list(corner) for corner in trystate.corners()]
        shown.append({"name": "", "corners": drawn, "open": True})
    return shown


def exclusion_panel(t: Translator) -> None:
    """Draw the excluded parts, the shape being drawn, and the way to bring a file."""
    exclusions = session.work().draft.exclusions
    title = t.plural("{n} part of the map excluded", "{n} parts of the map excluded", len(exclusions))
    open_now = bool(trystate.corners()) or st.session_state.get("try_mode") == "corners"
    with st.expander(title, expanded=open_now):
        left, right = st.columns(2)
        with left:
            _drawing(t)
        with right:
            _present(t)
            _upload(t)


def _drawing(t: Translator) -> None:
    """Draw the corners as numbers, and what closes them to a shape."""
    st.caption(t("Let a click set a corner, or write longitude and latitude; then close the shape."))
    number = len(trystate.corners())
    key = f"corners_{number}"
    table = pd.DataFrame(trystate.corners(), columns=["lon", "lat"]).astype(float)
    degrees = st.column_config.NumberColumn
    rows = st.data_editor(
        table,
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "lon": degrees(t("Longitude"), min_value=-180, max_value=180),
            "lat": degrees(t("Latitude"), min_value=-90, max_value=90),
        },
        key=key,
    )
    whole = [{str(k): v for k, v in row.items()} for row in rows.dropna().to_dict("records")]
    if trystate.set_corners(whole):
        st.rerun()
    st.text_input(t("Name of the shape"), key="shape_name", max_chars=80)
    with st.container(horizontal=True):
        st.button(t("Close shape"), key="close_shape", disabled=number < 3, on_click=trystate.close_shape)
        st.button(t("Remove last corner"), key="drop_corner", disabled=not number,
                  on_click=trystate.drop_corner)  # fmt: skip


def _present(t: Translator) -> None:
    for number, one in enumerate(session.work().draft.exclusions):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(t("{name}: {number} corners", name=one.name, number=len(one.corners)))
            st.button(t("Remove"), key=f"drop_exclusion_{number}", on_click=trystate.drop_exclusion,
                      args=(number,))  # fmt: skip


def _upload(t: Translator) -> None:
    uploaded = st.file_uploader(
        t("Or upload polygons as GeoJSON (WGS 84)"), type=["geojson", "json"], key="exclusion_file",
        max_upload_size=MOST_BYTES_MB,
    )  # fmt: skip
    if uploaded is None:
        return
    if st.session_state.get("exclusions_taken") != uploaded.file_id:
        st.session_state["exclusions_taken"] = uploaded.file_id
        trystate.upload_exclusions(uploaded.name, uploaded.getvalue())
        st.rerun()
