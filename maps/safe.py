"""The one place where text of users is made harmless before it enters a page.

folium escapes nothing, and much of its text sits in JavaScript template literals, where `${...}` runs even
after HTML escaping. So text of users never enters our scripts: it travels as JSON in a data block that the
browser does not run, and the scripts set it by `textContent`. `html_text` is for what must be markup.
"""

import json

from markupsafe import escape

_SCRIPT_SIGNS = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_TEMPLATE_SIGNS = str.maketrans(
    {"\\": "&#92;", "`": "&#96;", "$": "&#36;", "{": "&#123;", "}": "&#125;", "\r": " "}
)


def html_text(text: object) -> str:
    r"""Return `text` as HTML that shows it and runs nowhere, not even in a JavaScript template literal.

    Examples
    --------
    >>> html_text("<b>${x}</b>")
    '&lt;b&gt;&#36;&#123;x&#125;&lt;/b&gt;'
    """
    return str(escape(str(text))).translate(_TEMPLATE_SIGNS)


def json_text(data: object) -> str:
    """Return `data` as JSON that can't close the script element it stands in.

    Raises
    ------
    ValueError
        For NaN and infinities, which are no JSON: say None instead.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_SCRIPT_SIGNS)
