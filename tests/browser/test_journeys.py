"""Three people's work from beginning to end: a maker's, a regulator's, a planner's, in both languages."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, expect

from tests.browser.reading import Reader, Visit

QINGDAO, PINGDU = "370200", (119.98, 36.72)
HEAD = "企业,行政区划代码,年份,销量\n"
WRONG = HEAD + "远山汽车,440300,2022,3000\n远山汽车,440100,2022,很多\n"
SALES = HEAD + "远山汽车,440300,2022,9800\n远山汽车,广州市,2022,7400\n远山汽车,441900,2022,900\n"
OUTLETS = (
    "网点编号,网点名称,所属企业,网点类型,经度,纬度,行政区划代码\n"
    "Y-1,福田网点,远山汽车,收集,114.055,22.541,440300\nY-2,东莞网点,远山汽车,收集,113.75,23.04,441900\n"
)


def heading(reader: Reader) -> str:
    return reader.page.locator("[data-testid='stMain'] h2").first.inner_text()


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:[.,]\d+)*", text)


def test_a_maker_finds_the_gaps_in_its_own_tables(reader: Reader, chrome: Browser, tmp_path: Path) -> None:
    reader.open("/data", lang="zh")
    reader.upload("upload_sales", "销量.csv", WRONG)
    reader.press("check_tables")
    assert "很多" in reader.cells(-1)
    assert reader.widget("use_tables").count() == 0
    reader.keep("mistakes")

    reader.upload("upload_sales", "销量.csv", SALES.encode("gb18030"))
    reader.upload("upload_outlets", "网点.csv", OUTLETS)
    reader.press("check_tables")
    reader.press("use_tables")
    reader.turn_to("")
    expect(reader.map().locator(".om-legend")).to_be_visible()
    assert "广东" in heading(reader)
    reader.row("overview_areas", 0)
    reader.follow("area?")
    assert "adcode=440300" in reader.page.url
    assert "深圳" in heading(reader)
    reader.language("en")
    assert "adcode=440300" in reader.page.url
    assert "Shenzhen" in heading(reader)
    reader.keep("area")

    reader.turn_to("report")
    said = heading(reader)
    reader.press("report_write")
    with reader.page.expect_download() as download:
        reader.widget("download_report-html").locator("button").first.click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    offline = chrome.new_context(offline=True)
    page = offline.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(".om-legend")
    assert page.inner_text("h1, h2").strip() or said
    assert said in page.inner_text("body")
    assert "远山汽车" in page.inner_text("body")
    assert asked == [path.as_uri()]
    offline.close()


def test_a_regulator_finds_the_worst_province_and_goes_down(reader: Reader) -> None:
    reader.open("/", lang="en")
    reader.choose("data", re.compile("190"))
    nation = heading(reader)
    reader.keep("nation")
    reader.row("overview_provinces", 0)
    reader.page.wait_for_url("**province=*")
    province = heading(reader)
    assert province != nation
    reader.keep("province")
    reader.language("zh")
    assert "province=" in reader.page.url
    assert set(numbers(heading(reader))) == set(numbers(province))
    reader.row("overview_areas", 0)
    expect(reader.map().locator(".om-card")).to_be_visible()
    reader.keep("area-chosen")
    reader.follow("area?")
    (adcode,) = parse_qs(urlsplit(reader.page.url).query)["adcode"]
    assert adcode in reader.map().locator("body").inner_text() or adcode in reader.words()
    assert reader.map_is_drawn()


def test_a_planner_tries_proposes_saves_and_compares(reader: Reader, visit: Visit) -> None:
    reader.open("/try", lang="en", adcode=QINGDAO)
    before = heading(reader)
    reader.click_map(*PINGDU)
    expect(reader.map().locator(".om-site:not(.om-waits)")).to_have_count(1)
    reader.settle()
    after = heading(reader)
    assert after != before
    reader.keep("tried")
    reader.press("undo")
    expect(reader.map().locator(".om-site")).to_have_count(0)
    assert heading(reader) == before
    reader.press("redo")
    assert heading(reader) == after

    reader.widget("ask_panel_0").locator("button").first.click()
    reader.press("ask")
    expect(reader.widget("accept")).to_be_visible()
    reader.settle()
    proposed = reader.map().locator(".om-mark-proposed").count()
    assert proposed > 0
    reader.keep("proposed")
    reader.press("accept")
    expect(reader.map().locator(".om-mark-tried")).to_have_count(1 + proposed)
    reader.language("zh")
    expect(reader.map().locator(".om-mark-tried")).to_have_count(1 + proposed)
    planned = heading(reader)

    reader.turn_to("scenarios")
    reader.fill("scenario_name", "平度方案")
    reader.press("scenario_save_as")
    reader.page.wait_for_url("**scenario=*")
    (scenario,) = parse_qs(urlsplit(reader.page.url).query)["scenario"]

    other = visit()
    other.open("/try", lang="zh", adcode=QINGDAO, scenario=scenario)
    expect(other.map().locator(".om-mark-tried")).to_have_count(1 + proposed)
    assert heading(other) == planned

    reader.choose("compare_before", 1)
    reader.choose("compare_after", 0)
    for number in range(3):
        assert reader.map_is_drawn(number)
    assert "青岛" in reader.cells(-1)
    reader.keep("compared")
