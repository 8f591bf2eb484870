"""The example workbooks: what we write for people to fill in, we read ourselves."""

from pathlib import Path

import openpyxl
import pytest
from pandas.testing import assert_frame_equal

from geodata.columns import AREAS, DEFINITIONS
from geodata.messages import InputError
from geodata.tables import read_tables
from geodata.template import write_templates


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_templates(tmp_path_factory.mktemp("templates") / "new folder")


def test_both_languages_read_back_alike(templates: list[Path]) -> None:
    english, chinese = (read_tables(path, path, path, path) for path in templates)
    for name in ("sales", "outlets", "sites", "demand"):
        first, second = getattr(english, name), getattr(chinese, name)
        assert len(first) >= 2
        words = [column for column in ("enterprise", "name", "enterprises", "geometry") if column in first]
        assert_frame_equal(first.drop(columns=words), second.drop(columns=words))
    assert english.sales["role"].tolist() == ["maker", "maker", "maker", "battery_maker"]
    assert chinese.outlets["enterprises"].tolist() == ["示例汽车", "示例汽车;示例电池"]


def test_every_column_has_a_note_and_every_vocabulary_a_list(templates: list[Path]) -> None:
    for path in templates:
        book = openpyxl.load_workbook(path)
        for definition in DEFINITIONS:
            if definition is AREAS:
                continue
            sheet = next(book[name] for name in (definition.name, definition.chinese) if name in book)
            headers = {cell.value: cell for cell in sheet[1]}
            assert len(headers) == len(definition.fields)
            assert all(cell.comment and cell.comment.text for cell in sheet[1])
            assert sheet.freeze_panes == "A2"
            lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
            assert len(lists) == sum(bool(one.choices) for one in definition.fields)


def test_nothing_in_a_template_is_a_formula_or_a_link(templates: list[Path]) -> None:
    for path in templates:
        for sheet in openpyxl.load_workbook(path):
            assert not any(cell.data_type == "f" or cell.hyperlink for row in sheet for cell in row)


def test_a_template_that_may_be_filled_in_is_never_overwritten(templates: list[Path]) -> None:
    before = [path.read_bytes() for path in templates]
    with pytest.raises(InputError, match="is there already"):
        write_templates(templates[0].parent)
    assert [path.read_bytes() for path in templates] == before


def test_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "template-zh.xlsx").write_bytes(b"mine")
    with pytest.raises(InputError):
        write_templates(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["template-zh.xlsx"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        write_templates(tmp_path / "file")
