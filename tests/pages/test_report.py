"""The report page, without a browser: what it says, and the files it writes."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.exports import EXPORTS
from planner.verify import verify
from tests.pages.apptest import page, texts


@pytest.fixture(autouse=True)
def _no_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLET_PLANNER_DATA", str(tmp_path / "data"))


def written(test: AppTest) -> dict[str, bytes]:
    bundle = test.session_state["exports"]
    return {one.export.name: one.path.read_bytes() for one in bundle.files}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_is_written_on_demand_and_is_what_is_shown(lang: str, tmp_path: Path) -> None:
    test = page("report", lang=lang)
    assert not test.exception
    assert "exports" not in test.session_state
    test.button(key="report_write").click().run()
    assert not test.exception
    files = written(test)
    assert set(files) == {one.name for one in EXPORTS} - {"plan.csv"} | {"unreached.geojson"}
    zipfile.ZipFile(io.BytesIO(files["study.zip"])).extractall(tmp_path)
    (folder,) = (one for one in tmp_path.iterdir() if one.name.startswith("cn-"))
    assert verify(folder) is None
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    shown = [one.value.replace(",", "") for one in test.metric]
    assert shown[0] == str(summary["areas_compliant"])
    assert shown[1] == str(summary["duties_met"])
    assert shown[2] == str(summary["outlets"])
    answer = test.header[0].value.replace("\\", "")
    assert answer in files["report.html"].decode()
    assert ("Fictional" in texts(test)) is (lang == "en")
    others = {"en": "zh", "zh": "en"}[lang]
    folder_of_first = test.session_state["exports"].files[0].path.parent
    test.segmented_control(key="language").set_value(others).run()
    assert "exports" not in test.session_state
    assert not folder_of_first.exists()


def with_sites() -> None:
    from planner.draft import Draft, TriedSite
    from planner.pages import session

    site = TriedSite(
        outlet_id="T440100-0001", name="=cmd()", kind="collection", enterprises="Sample Maker 1 (虚构车企1)",
        lon=113.26, lat=23.13, adcode="440100", area_m2=10, stock_cap_t=5, pickups_per_year=12,
    )  # fmt: skip
    session.change(draft=Draft(sites=(site,)))


def test_tried_sites_are_new_outlets_of_the_report(tmp_path: Path) -> None:
    test = page("report", setup=with_sites)
    assert "1 tried site is in it" in texts(test)
    test.button(key="report_write").click().run()
    files = written(test)
    assert "plan.csv" in files
    zipfile.ZipFile(io.BytesIO(files["study.zip"])).extractall(tmp_path)
    (folder,) = (one for one in tmp_path.iterdir() if one.name.startswith("cn-"))
    assert verify(folder) is None
    assert json.loads((folder / "summary.json").read_text("utf-8"))["new_outlets"] == 1
    test.session_state["work"] = test.session_state["work"].model_copy(update={"data": "demo", "draft": type(
        test.session_state["work"].draft)()})  # fmt: skip
    test.run()
    assert "exports" not in test.session_state
