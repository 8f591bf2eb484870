"""The overview map: areas by status, outlets, proposed outlets and demand, with legend, search and cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from folium.template import Template

from maps import assets
from maps.layers import FINE_DECIMALS, Data, line_layer
from maps.legend import Colouring
from maps.safe import json_text
from maps.words import Words, script_words


class OfflineMap(folium.Map):
    """A folium map that brings Leaflet along instead of fetching it, and draws no tiles."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            {% for style in this.styles %}<style>{{ style }}</style>{% endfor %}
            {% for script in this.scripts %}<script>{{ script }}</script>{% endfor %}
        {% endmacro %}
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
                center: {{ this.location|tojson }}, crs: L.CRS.{{ this.crs }},
                ...{{ this.options|tojavascript }}
            });
        {% endmacro %}
        """
    )
    default_js = []
    default_css = []

    def __init__(self, location: tuple[float, float], name: str = "overview") -> None:
        super().__init__(
            location=location,
            zoom_start=4,
            tiles=None,
            prefer_canvas=True,
            zoom_control=False,
            minZoom=2,
            maxZoom=18,
            zoomSnap=0.25,
            scrollWheelZoom=False,
        )
        self._id = name
        self.styles = (assets.leaflet_style(), assets.map_style())
        self.scripts = (assets.leaflet_script(), assets.map_script())


class Drawing(folium.MacroElement):
    """What is drawn on the map: JSON in a data block, which the browser does not run, and one call."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <script type="application/json" id={{ this.get_name()|tojson }}>{{ this.text }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            OutletMap.draw({{ this._parent.get_name() }}, {{ this.get_name()|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, data: Data, name: str = "overview") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "drawing"
        self._id = name
        self.text = json_text(data)


@dataclass(frozen=True, slots=True)
class Background:
    """What a map shows beside the areas themselves.

    Attributes
    ----------
    provinces
        Polygons or outlines, drawn as lines.
    province_names
        What the reader calls each `province` of the areas; others are called as they are.
    boundary_lines
        Lines that a national map must show; drawn, never measured.
    credits
        Who made the boundaries.
    """

    provinces: gpd.GeoDataFrame | None = None
    province_names: Mapping[str, str] = field(default_factory=dict)
    boundary_lines: gpd.GeoDataFrame | None = None
    credits: tuple[str, ...] = ()


def overview(
    areas: gpd.GeoDataFrame,
    area_data: Data,
    *,
    colourings: Sequence[Colouring],
    layers: Sequence[Data],
    background: Background,
    t: Words,
) -> OfflineMap:
    """Return the overview map.

    Parameters
    ----------
    areas
        The areas drawn, EPSG:4326.
    area_data
        The same from `maps.layers.area_layer`.
    colourings
        Ways to colour the areas; the first is shown when the map opens.
    layers
        Points from `outlet_layer` and `demand_layer`; later ones lie on top.
    background
        Province outlines, boundary lines, credits.
    t
        The language of the map's words.
    """
    data: Data = {
        **base_of(areas, area_data, background, t),
        "colourings": [colouring.data() for colouring in colourings],
        "layers": list(layers),
    }
    left, low, right, high = areas.total_bounds
    drawing = OfflineMap(((low + high) / 2, (left + right) / 2))
    drawing.add_child(Drawing(data))
    return drawing


def base_of(areas: gpd.GeoDataFrame, area_data: Data, background: Background, t: Words) -> Data:
    """Return what a map shows of the areas whatever they are coloured by; see `overview`."""
    left, low, right, high = areas.total_bounds
    return {
        "words": script_words(t),
        "bounds": [[low, left], [high, right]],
        "areas": area_data,
        "provinces": _province_labels(areas, background.province_names),
        "province_lines": line_layer(background.provinces),
        "boundary_lines": line_layer(background.boundary_lines, FINE_DECIMALS),
        "credits": list(background.credits),
    }


def _province_labels(areas: gpd.GeoDataFrame, names: Mapping[str, str]) -> Data:
    """Return the provinces with their labels, the largest first: it is written if two would overlap.

    Each label stands in the area nearest to the middle of its province.
    """
    shapes = areas.geometry.to_numpy()
    size = shapely.area(shapes)[:, None]
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    groups = areas.reset_index(drop=True).groupby("province", sort=True).indices
    largest = sorted(groups.items(), key=lambda group: -float(size[group[1]].sum()))
    groups = {name: rows for name, rows in largest if name}
    places = [
        _nearest(rows, inside, (middle * size)[rows].sum(axis=0) / size[rows].sum())
        for rows in groups.values()
    ]
    return {
        "name": list(groups),
        "code": [str(areas["province_adcode"].iloc[rows[0]]) for rows in groups.values()],
        "label": [names.get(str(name), str(name)) for name in groups],
        "at": [np.round(inside[place], 3).tolist() for place in places],
        "size": [round(float(np.sqrt(size[rows].sum())), 3) for rows in groups.values()],
    }


def _nearest(
    rows: npt.NDArray[np.intp], points: npt.NDArray[np.float64], goal: npt.NDArray[np.float64]
) -> int:
    return int(rows[np.argmin(((points[rows] - goal) ** 2).sum(axis=1))])
