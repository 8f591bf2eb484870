"""Sales: what is one row stays one, what belongs together is summed, nothing is counted twice."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geodata.messages import InputError, Note, NoteKind
from geodata.sales import SALES_KEY, read_sales

HEAD = "enterprise,role,adcode,year,vehicles,batteries,chemistry,pack_kg,remark\n"


def read(rows: str, folder: Path, areas: gpd.GeoDataFrame) -> tuple[pd.DataFrame, list[Note]]:
    (folder / "sales.csv").write_text(HEAD + rows, "utf-8")
    return read_sales(folder / "sales.csv", areas)


def test_the_canonical_table(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    sales, notes = read('A,,深圳,2022年,"1,200",,磷酸铁锂,350,x\n', tmp_path, china)
    assert notes == []
    assert sales.to_dict("records")[0] | {"batteries": 0, "stock": 0} == {
        "enterprise": "A", "role": "maker", "adcode": "440300", "year": 2022, "vehicles": 1200.0,
        "batteries": 0, "stock": 0, "chemistry": "LFP", "pack_kg": 350.0, "remark": "x",
    }  # fmt: skip
    assert sales["batteries"].isna().all()
    assert sales["year"].dtype == "int64"


def test_counties_of_an_area_are_added_up_with_a_note(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    rows = "A,,440305,2022,10,,,300,x\nA,,440304,2022,30,,,400,y\nA,,440100,2022,5,,,,z\n"
    sales, notes = read(rows, tmp_path, china)
    assert sales["adcode"].tolist() == ["440300", "440100"]
    assert sales["vehicles"].tolist() == [40.0, 5.0]
    assert sales["pack_kg"].tolist()[0] == pytest.approx((10 * 300 + 30 * 400) / 40)
    assert sales["batteries"].isna().all()
    said = [str(note.message) for note in notes]
    assert said[0] == "'440305' counts for 深圳市 (440300), the area it belongs to (rows: 1)."
    assert "3 rows were added up to 2" in said[-1]
    assert {note.kind for note in notes} == {NoteKind.AREA}


def test_what_an_abolished_area_sold_is_added_to_its_successor(
    tmp_path: Path, china: gpd.GeoDataFrame
) -> None:
    sales, notes = read("A,,371200,2018,10,,,,\nA,,370100,2018,30,,,,\n", tmp_path, china)
    assert sales["vehicles"].tolist() == [40.0]
    assert "国函〔2018〕163号" in str(notes[0].message)
    assert (notes[0].row, notes[0].column, notes[0].value) == (2, "adcode", "371200")


def test_chemistries_years_and_roles_are_rows_of_their_own(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    rows = "A,,440300,2022,1,,LFP,,\nA,,440300,2022,2,,三元523,,\nA,,440300,2021,3,,LFP,,\n"
    rows += "A,电池,440300,2022,,4,LFP,,\n"
    sales, _ = read(rows, tmp_path, china)
    assert len(sales) == 4
    assert not sales.duplicated(SALES_KEY).any()
    assert sales["chemistry"].tolist() == ["LFP", "NCM523", "LFP", "LFP"]


def test_a_battery_maker_may_give_a_province(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    rows = "B,电池,广东,2022,,9,,,\nB,battery maker,北京,2022,,3,,,\nB,battery_maker,440300,2022,0,4,,,\n"
    sales, _ = read(rows, tmp_path, china)
    assert sales["adcode"].tolist() == ["440000", "110000", "440300"]


def test_rows_differ_by_enterprise_not_by_their_order(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    lines = ["A,,440305,2022,10,,,,", "B,,440304,2022,30,,,,", "A,,440304,2022,5,,,,"]
    first, _ = read("\n".join(lines), tmp_path, china)
    second, _ = read("\n".join(reversed(lines)), tmp_path, china)
    assert (
        first.set_index(SALES_KEY)["vehicles"].to_dict() == second.set_index(SALES_KEY)["vehicles"].to_dict()
    )


def test_an_unreadable_number_is_said_once(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    with pytest.raises(InputError) as error:
        read("A,,440300,2022,many,,,,\n", tmp_path, china)
    assert [str(message).count("'many'") for message in error.value.messages] == [1]


def test_a_misspelt_quantity_is_one_sentence(tmp_path: Path, china: gpd.GeoDataFrame) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("enterprise,adcode,year,vehicels\nM,110000,2022,5\nM,120000,2022,5\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_sales(path, china)
    assert len(caught.value.messages) == 1
    assert "'vehicles'" in str(caught.value)
    assert "'vehicels'" in str(caught.value)
