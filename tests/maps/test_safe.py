import json

import pytest

from maps.safe import html_text, json_text

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "${alert(1)}",
    "`+alert(1)+`",
    "\\u003cimg src=x onerror=alert(1)\\u003e",
    "{{ 7 * 7 }}",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "a\u2028b\u2029c",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_html_keeps_no_sign_that_a_parser_or_a_template_literal_reads(text: str) -> None:
    safe = html_text(text)
    assert not set(safe) & set("<>\"'`${}\\")
    assert "&" not in safe.replace("&lt;", "").replace("&gt;", "").replace("&#", "").replace("&amp;", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_json_comes_back_whole_and_cannot_close_its_element(text: str) -> None:
    written = json_text({"name": text, text: 1})
    assert json.loads(written) == {"name": text, text: 1}
    assert "<" not in written
    assert "&" not in written


def test_what_is_no_json_raises() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text([float("nan")])
