"""Codes and names find their area; what could be two areas is never guessed."""

import geopandas as gpd
import pytest

from geodata.areanames import AreaIndex, Extent, Finding, area_index, find_area


@pytest.fixture(scope="module")
def index(china: gpd.GeoDataFrame) -> AreaIndex:
    return area_index(china)


def test_every_area_is_found_by_its_code_its_name_and_its_name_after_the_province(
    china: gpd.GeoDataFrame, index: AreaIndex
) -> None:
    for row in china.itertuples():
        for text in (row.adcode, row.name, f"{row.province}{row.name}"):
            assert find_area(str(text), index).adcode == row.adcode, text


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("深圳", "440300"), ("Shenzhen", "440300"), (" shenzhen city ", "440300"), ("广东 深圳", "440300"),
        ("广东省/深圳市", "440300"), ("Xi'an", "610100"), ("XIAN", "610100"), ("Hohhot", "150100"),
        ("Urumqi", "650100"), ("延边", "222400"), ("恩施", "422800"), ("吉林市", "220200"),
        ("北京", "110000"), ("江苏泰州", "321200"), ("海南藏族自治州", "632500"), ("香港", "810000"),
        ("延边州", "222400"), ("恩施州", "422800"), ("海南州", "632500"), ("云南大理州", "532900"),
        ("陵水县", "469028"), ("156440300", "440300"), ("440300000000", "440300"), ("４４０３００", "440300"),
    ],
)  # fmt: skip
def test_names_people_use(text: str, adcode: str, index: AreaIndex) -> None:
    match = find_area(text, index)
    assert (match.finding, match.adcode, match.extent) == (Finding.EXACT, adcode, Extent.WHOLE)


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("440305", "440300"),
        ("110105", "110000"),
        ("110100", "110000"),
        ("500200", "500000"),
        ("810001", "810000"),
    ],
)
def test_counties_and_special_codes_roll_up(text: str, adcode: str, index: AreaIndex) -> None:
    match = find_area(text, index)
    assert (match.finding, match.adcode, match.extent) == (Finding.ROLLED_UP, adcode, Extent.PART)


def test_short_codes_mean_the_whole_area(index: AreaIndex) -> None:
    assert find_area("4403", index).extent is Extent.WHOLE
    assert find_area("11", index).adcode == "110000"


@pytest.mark.parametrize(
    ("text", "adcode"),
    [("371200", "370100"), ("371202", "370100"), ("莱芜", "370100"), ("522201", "520600"),
     ("469003", "460400"), ("341521", "340400"), ("512081", "510100"), ("341423", "340500"),
     ("220381", "220100")],
)  # fmt: skip
def test_abolished_codes_become_todays_area_with_the_document(
    text: str, adcode: str, index: AreaIndex
) -> None:
    match = find_area(text, index)
    assert (match.finding, match.adcode, match.extent) == (Finding.ABOLISHED, adcode, Extent.FORMER)
    assert match.source


def test_every_abolished_code_leads_to_areas_of_today_and_is_none_itself(index: AreaIndex) -> None:
    assert len(index.abolished) >= 20
    for code, became in index.abolished.items():
        assert code not in index.areas
        assert set(became.now) <= set(index.areas)


def test_a_divided_area_names_its_successors(index: AreaIndex) -> None:
    assert find_area("巢湖市", index).candidates == ("340100", "340200", "340500")


@pytest.mark.parametrize(
    ("text", "candidates"),
    [("吉林", ("220000", "220200")), ("海南", ("460000", "632500")), ("Taizhou", ("321200", "331000")),
     ("Suzhou", ("320500", "341300")), ("Jilin", ("220000", "220200"))],
)  # fmt: skip
def test_what_could_be_two_is_ambiguous(text: str, candidates: tuple[str, ...], index: AreaIndex) -> None:
    for provinces in (False, True):
        match = find_area(text, index, provinces=provinces)
        assert (match.finding, match.candidates) == (Finding.AMBIGUOUS, candidates)


@pytest.mark.parametrize("text", ["440000", "44", "广东省", "广东", "Guangdong", "guangdong province"])
def test_a_province_is_an_answer_only_where_it_may_be(text: str, index: AreaIndex) -> None:
    assert find_area(text, index).finding is Finding.PROVINCE
    assert find_area(text, index, provinces=True).adcode == "440000"


@pytest.mark.parametrize("text", ["999999", "Atlantis", "419000", "1", "省直辖"])
def test_what_is_not_known_is_not_found(text: str, index: AreaIndex) -> None:
    assert find_area(text, index).finding is Finding.UNKNOWN


def test_codes_of_other_countries_keep_or_regain_their_leading_zero() -> None:
    areas = gpd.GeoDataFrame(
        {"adcode": ["05111", "09162"], "name": ["Düsseldorf", "München"], "province_adcode": ["05", "09"]}
    ).assign(province=["Nordrhein-Westfalen", "Bayern"], pinyin="", name_en=["Düsseldorf", "Munich"])
    index = area_index(areas)
    for text in ("05111", "5111", "Düsseldorf", "DUSSELDORF"):
        assert find_area(text, index).adcode == "05111"
    assert find_area("Munich", index).adcode == "09162"


@pytest.mark.parametrize(("code", "texts"), [("09", ("09", "9", "Bayern")), ("DE-BY", ("DE-BY", "bayern"))])
def test_provinces_of_ones_own_go_by_their_codes(code: str, texts: tuple[str, ...]) -> None:
    areas = gpd.GeoDataFrame({"adcode": ["09162"], "name": ["München"], "province_adcode": [code]}).assign(
        province="Bayern", pinyin="", name_en="Munich"
    )
    index = area_index(areas)
    for text in texts:
        assert find_area(text, index, provinces=True).adcode == code
        assert find_area(text, index).finding is Finding.PROVINCE
