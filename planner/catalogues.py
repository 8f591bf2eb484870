"""Keep the catalogues in step with the code: `python -m planner.catalogues`, at the root of the source tree.

Collects every English message of the code and the templates, adds new ones to both catalogues, drops those
that are gone, and names what has no Chinese yet. A translator fills in the empty `msgstr` lines afterwards.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import write_po

from planner.language import Language, read_catalogue

KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "say": None,
    "t": None,
    "ngettext": (1, 2),
    "plural": (1, 2),
}


def extracted(root: Path) -> Catalog:
    """Return every message of the source tree at `root`, with the files that say it."""
    with (root / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalogue = Catalog(charset="utf-8")
    found = extract_from_dir(root, methods, options, keywords=KEYWORDS, directory_filter=_is_source)
    for name, _, message, comments, context in found:
        catalogue.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return catalogue


def _is_source(folder: str) -> bool:
    return not Path(folder).name.startswith((".", "_"))


def merged(messages: Catalog, old: Catalog) -> Catalog:
    """Return the catalogue of `messages` with the translations of `old`; what is gone is dropped."""
    new = Catalog(locale=old.locale, charset="utf-8", fuzzy=False)
    for entry in messages:
        if entry.id:
            known = old.get(entry.id)
            files = sorted({name for name, _ in entry.locations})
            new.add(entry.id, known.string if known else "", locations=[(name, 0) for name in files])
    return new


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the messages that have no translation."""
    return [
        entry.id if isinstance(entry.id, str) else entry.id[0]
        for entry in catalogue
        if entry.id and not (entry.string if isinstance(entry.string, str) else all(entry.string or [""]))
    ]


def write_catalogue(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue sorted by message and without dates, so that it changes only when messages do."""
    with path.open("wb") as file:
        file.write(b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n')
        write_po(file, catalogue, width=0, sort_output=True, omit_header=True, include_lineno=False)


def main(root: Path = Path()) -> int:
    """Update both catalogues below `root`; exit 1 while a message lacks its Chinese."""
    messages = extracted(root)
    missing: list[str] = []
    for language in Language:
        catalogue = merged(messages, read_catalogue(language))
        path = root / "planner" / "locale" / language.locale / "LC_MESSAGES" / "messages.po"
        write_catalogue(catalogue, path)
        missing += untranslated(catalogue) if language is Language.CHINESE else []
    for text in missing:
        sys.stdout.write(f"no Chinese yet: {text}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
