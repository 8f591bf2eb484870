"""The command about candidate sites: `sites`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geodata.messages import InputError, say
from planner.cli import options as opt
from planner.cli.console import Console
from planner.cli.options import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geodata.candidatesites import CandidateSites
    from planner.sitesearch import SiteSearch

Adcodes = Annotated[
    list[str] | None,
    typer.Option(
        "--adcode",
        metavar="CODE|NAME",
        help=_("Area or province to look in; may be repeated; all areas if left out."),
        rich_help_panel=opt.DATA,
    ),
]
OsmFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--osm",
        metavar="FILE",
        help=_(
            "OpenStreetMap extract: .osm.pbf, .osm, .osm.bz2 or .osm.gz; may be repeated. If left out, the "
            "Overpass service is asked."
        ),
        rich_help_panel=opt.DATA,
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help=_(
            "What to look for: car_dealer, car_repair, car_parts, scrap_yard, recycling_centre, fuel, "
            "charging, industrial; several by commas; all if left out."
        ),
        rich_help_panel=opt.ASSUMPTIONS,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="LAND",
        help=_("Land to keep off: water, protected or residential; several by commas; none if left out."),
        rich_help_panel=opt.ASSUMPTIONS,
    ),
]
ExcludeFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--exclude-file",
        metavar="FILE",
        help=_("Your own polygons to keep off; a column name or reason says what each is. May be repeated."),
        rich_help_panel=opt.ASSUMPTIONS,
    ),
]
KeepOff = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-off",
        metavar="LAND=METRES",
        help=_(
            "How far to stay away from land, as in residential=100, or own=50 for your own polygons; only "
            "inside is out if left out. May be repeated."
        ),
        rich_help_panel=opt.ASSUMPTIONS,
    ),
]
SitesOut = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="FILE",
        help=_("Table to write: .csv, .geojson or .gpkg; what is left out goes beside it."),
        rich_help_panel=opt.OUTPUT,
    ),
]


def sites(
    ctx: typer.Context,
    out: SitesOut,
    areas: opt.Areas = None,
    adcode: Adcodes = None,
    osm: OsmFiles = None,
    overpass: opt.Overpass = None,
    kind: Kinds = None,
    exclude: Exclude = None,
    exclude_file: ExcludeFiles = None,
    keep_off: KeepOff = None,
    lang: opt.Language = None,  # noqa: ARG001  # read before the commands are built
    as_json: opt.Json = False,
) -> None:
    """Find candidate sites on OpenStreetMap, off the land that is to be kept off."""
    from planner.credits import OPENSTREETMAP
    from planner.sitefiles import require_ours, write_sites

    console: Console = ctx.obj
    require_ours(out)
    _require_one_source(osm, overpass)
    search = _search(areas, adcode or (), kind or (), exclude or (), exclude_file or (), keep_off or ())
    found = search.from_files(osm, console.t) if osm else search.from_overpass(overpass, console.t)
    files = write_sites(found, out, [OPENSTREETMAP])
    _print_found(console, search, found, files, as_json=as_json)


def _require_one_source(osm: "Sequence[Path] | None", overpass: str | None) -> None:
    if osm and overpass:
        raise InputError(say("--osm and --overpass: give files or the service to ask, not both."))


def _search(
    areas: Path | None,
    adcode: "Sequence[str]",
    kind: "Sequence[str]",
    exclude: "Sequence[str]",
    exclude_file: "Sequence[Path]",
    keep_off: "Sequence[str]",
) -> "SiteSearch":
    """Return what options ask for; what is cheap to get wrong is read first."""
    from geodata.boundaries import read_areas
    from geodata.exclusionmasks import OWN, read_mask
    from geodata.sitekinds import MASK_KINDS, SITE_KINDS
    from planner.sitesearch import SiteSearch, chosen_areas, keep_off_of, kinds_named

    metres = keep_off_of(keep_off)
    kinds = kinds_named(kind, SITE_KINDS, "--kind") or SITE_KINDS
    masks = kinds_named([*exclude, *(name for name in metres if name != OWN)], MASK_KINDS, "--exclude")
    if OWN in metres and not exclude_file:
        raise InputError(say("--keep-off own: give your own polygons too, with --exclude-file."))
    own = tuple(read_mask(path, keep_off_m=metres.get(OWN, 0.0)) for path in exclude_file)
    table = read_areas(areas)
    return SiteSearch(table, chosen_areas(adcode, table), kinds, masks, own, metres)


def _print_found(
    console: Console, search: "SiteSearch", found: "CandidateSites", files: "Sequence[Path]", *, as_json: bool
) -> None:
    """Print how many places of each kind were found, left out by each land, and kept."""
    from planner.credits import OPENSTREETMAP
    from planner.sitesearch import counted

    counts = counted(search, found)
    if as_json:
        console.print_json(
            {
                "sites": len(found.sites),
                "excluded": len(found.excluded),
                "kinds": {
                    one.kind.name: {"found": one.found, "excluded": one.excluded, "kept": one.kept}
                    for one in counts
                },
                "files": [str(path) for path in files],
                "notes": [console.t(note.message) for note in found.notes],
                "credits": [OPENSTREETMAP],
            }
        )
        return
    land = search.land()
    headings = [_("kind"), _("found"), *(console.t(title) for title in land.values()), _("kept")]
    rows = [
        [console.t(one.kind.title), one.found, *(one.excluded[name] for name in land), one.kept]
        for one in counts
    ]
    console.table(headings, rows)
    for note in found.notes:
        console.tell(note.message)
    if not len(found.sites) + len(found.excluded):
        console.tell(say("No such place is mapped in the areas. Check that the data cover them."))
    for path in files:
        console.tell(say("Written: {path}", path=path))
    console.say("Data: {credit}", credit=OPENSTREETMAP)
