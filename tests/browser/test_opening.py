"""The app opens: every page by its address, in both languages, with its map, and asks nothing of outside."""

import pytest

from tests.browser.reading import Reader

PAGES = ("/", "/area", "/try", "/scenarios", "/data", "/rules", "/report")


def test_the_first_page_is_the_map_of_the_sample(reader: Reader) -> None:
    reader.open("/", lang="en")
    reader.page.get_by_text("areas are short").first.wait_for()
    assert reader.map_is_drawn()
    reader.language("zh")
    reader.map().locator("html[lang='zh-CN']").wait_for(state="attached")
    assert "不足" in reader.words()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_opens_by_its_address(reader: Reader, language: str) -> None:
    for path in PAGES:
        reader.open(path, lang=language)
        assert reader.page.locator("[data-testid='stException']").count() == 0, path
        assert reader.words().strip(), path
