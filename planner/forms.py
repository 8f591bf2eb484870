"""What a form asks for: the fields of rules and scenarios as data, from the models that check them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel

from geodata.messages import Message, say

NAMES = {
    "min_outlets": say("Outlets, at least"),
    "quantity": say("Counted by"),
    "per": say("One outlet per"),
    "at_least": say("At least"),
    "at_most": say("At most"),
    "share": say("Share, %"),
    "distance_km": say("Within, km"),
    "minutes": say("Within, minutes by road"),
    "of": say("Share of what"),
    "across_borders": say("Outlets of neighbouring areas count"),
    "tolerance": say("Tolerated factor"),
    "column": say("Column of the outlets table"),
    "relieved_by": say("Not asked where there is"),
    "rule": say("Which rule"),
    "within": say("Areas of"),
    "metric": say("Distance"),
    "detour": say("Detour factor (blank: as roads between Chinese cities)"),
    "roads.snap_km": say("Farthest from a road, km"),
    "roads.access_kmh": say("Speed to the road, km/h"),
    "roads.fallback_kmh": say("Speed off the road network, km/h"),
    "roads.direction": say("Which way is measured"),
    "roads.margin_km": say("Roads around the areas, km"),
    "new_outlet.collection.area_m2": say("Collection outlet: area, m²"),
    "new_outlet.collection.stock_cap_t": say("Collection outlet: stock, t"),
    "new_outlet.collection.pickups_per_year": say("Collection outlet: pick-ups a year"),
    "new_outlet.collection.opening_cost": say("Collection outlet: opening cost"),
    "new_outlet.storage.area_m2": say("Storage outlet: area, m²"),
    "new_outlet.storage.stock_cap_t": say("Storage outlet: stock, t"),
    "new_outlet.storage.pickups_per_year": say("Storage outlet: pick-ups a year"),
    "new_outlet.storage.opening_cost": say("Storage outlet: opening cost"),
    "join_cost": say("Cost of joining an outlet of others, in openings"),
    "weibull_shape": say("Weibull shape of battery life"),
    "history_complete": say("The sales table begins with the first sales"),
    "allow_joining": say("Outlets of others may be joined"),
    "max_new": say("New outlets, at most (blank: no limit)"),
    "budget": say("Budget (blank: no limit)"),
    "objective": say("What is made least"),
    "haulage.per_tonne_km": say("Moving a tonne, cost per km"),
    "haulage.per_vehicle_km": say("Bringing a vehicle, cost per km"),
    "spacing_km": say("Outlets apart, at least, km (blank: any)"),
    "solver.name": say("Solver"),
    "solver.time_limit_s": say("Seconds for each problem"),
    "solver.tie_break_s": say("of them for choosing among equals"),
    "solver.gap": say("Gap that counts as optimal"),
    "solver.seed": say("Seed"),
}
HELP = {
    "minutes": say("Takes the place of a limit in km. It needs roads, and a metric by road."),
    "metric": say(
        "The laws measure straight lines. By road it is measured on the roads of the page Data: in km, or in "
        "minutes at free-flow speeds, without traffic."
    ),
    "detour": say("Also holds where a place is off the roads and the metric is by road."),
    "roads.snap_km": say("A place farther from any road is off the network; it is named among the notes."),
    "roads.access_kmh": say("On the straight leg between a place and the nearest road."),
    "roads.fallback_kmh": say("Where a place is off the network: straight line times detour, at this speed."),
    "roads.direction": say("One-way streets make the way there another than the way back."),
    "roads.margin_km": say("Roads so far beyond the areas are kept too, when roads are read."),
    "objective": say(
        "With moving, opening costs are costs a year; both unit costs below are needed for it to differ."
    ),
    "haulage.per_tonne_km": say(
        "From a collection outlet to the nearest storage outlet or recycler, in the unit of opening costs."
    ),
    "haulage.per_vehicle_km": say("From where vehicles are to their outlet, in the unit of opening costs."),
    "spacing_km": say("In a straight line, between outlets of one enterprise and kind. No law asks for it."),
}
"""What is said beside an entry whose name does not say enough."""
CHOICES = {
    "sales": say("units sold in the year"),
    "stock": say("units in use at the end of the year"),
    "retired_t": say("tonnes of batteries retired in the year"),
    "population": say("inhabitants"),
    "none": say("nothing: every area"),
    "collection": say("collection outlets"),
    "storage": say("storage outlets"),
    "nation": say("the nation"),
    "province": say("each province"),
    "great-circle": say("straight line"),
    "detour": say("by road, estimated"),
    "road-km": say("by road, km"),
    "road-min": say("by road, minutes"),
    "to": say("to the outlet"),
    "back": say("from the outlet"),
    "both": say("mean of both ways"),
    "cost": say("cost of opening"),
    "total": say("cost of opening and moving"),
    "highs": say("HiGHS"),
    "cbc": say("CBC"),
}


class FieldKind(StrEnum):
    """What is entered."""

    WHOLE = "whole"
    NUMBER = "number"
    SHARE = "share"
    YES_NO = "yes_no"
    CHOICE = "choice"
    SEVERAL = "several"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FormField:
    """One entry of a form.

    Attributes
    ----------
    name
        Of the field; of a field in a field, the names joined by dots.
    kind
        What is entered; a share is between 0 and 1.
    value
        As it is now; None where it is left out.
    optional
        Whether it may be left out.
    least, most
        What a number may be, as far as the field alone says it.
    choices
        What can be chosen.
    """

    name: str
    kind: FieldKind
    value: Any
    optional: bool = False
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> Message:
        """What the entry is called."""
        return field_name(self.name)

    @property
    def help(self) -> Message | None:
        """What is said beside it; None where its name says enough."""
        return HELP.get(self.name)


def fields_of(model: BaseModel, prefix: str = "") -> list[FormField]:
    """Return the entries of a model's fields, those of models in it too; lists of models are left out."""
    return list(_fields(model, prefix))


def _fields(model: BaseModel, prefix: str) -> Iterator[FormField]:
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _fields(value, f"{prefix}{name}.")
            continue
        read = _Reading(info.annotation, tuple(info.metadata))
        if read.kind is not None:
            yield FormField(
                f"{prefix}{name}",
                read.kind,
                _plain(value),
                read.optional,
                read.least,
                read.most,
                read.choices,
            )


def with_value(values: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return nested plain values with one, named with dots, set; None leaves it out.

    >>> with_value({"a": {"b": 1, "c": 2}}, "a.b", 3)
    {'a': {'b': 3, 'c': 2}}
    """
    first, dot, rest = name.partition(".")
    if dot:
        return {**values, first: with_value(values.get(first, {}), rest, value)}
    kept = {key: known for key, known in values.items() if key != first}
    return kept if value is None else {**values, first: value}


def field_name(name: str) -> Message:
    """Return what a field is called for people."""
    return NAMES.get(name) or say("{name}", name=name)


def choice_name(choice: str) -> Message:
    """Return a choice's name for people."""
    return CHOICES.get(choice) or say("{name}", name=choice)


class _Reading:
    """What an annotation says about its entry."""

    def __init__(self, annotation: Any, metadata: tuple[Any, ...]) -> None:
        self.optional = False
        self.metadata = metadata
        self.choices: tuple[str, ...] = ()
        self.kind = self._kind(annotation)
        self.least = self._bound(Ge, "ge", Gt, "gt")
        self.most = self._bound(Le, "le", Lt, "lt")
        if self.kind is FieldKind.NUMBER and self.least == 0 and self.most == 1:
            self.kind = FieldKind.SHARE

    def _kind(self, annotation: Any) -> FieldKind | None:
        origin = get_origin(annotation)
        if origin is Annotated:
            first, *more = get_args(annotation)
            self.metadata += tuple(one for part in more for one in getattr(part, "metadata", [part]))
            return self._kind(first)
        if origin in (Union, UnionType):
            return self._union(list(get_args(annotation)))
        if origin is Literal or (isinstance(annotation, type) and issubclass(annotation, Enum)):
            self.choices += _words(annotation)
            return FieldKind.CHOICE
        if origin is tuple:
            self.choices = _words(get_args(annotation)[0])
            return FieldKind.SEVERAL if self.choices else None
        plain = {bool: FieldKind.YES_NO, int: FieldKind.WHOLE, float: FieldKind.NUMBER, str: FieldKind.TEXT}
        return plain.get(annotation)

    def _union(self, parts: list[Any]) -> FieldKind | None:
        self.optional = NoneType in parts
        kinds = [self._kind(part) for part in parts if part is not NoneType]
        return kinds[0] if len(set(kinds)) == 1 else None

    def _bound(self, closed: type, name: str, open_: type, other: str) -> float | None:
        for one in self.metadata:
            if isinstance(one, closed):
                return float(getattr(one, name))
            if isinstance(one, open_):
                return float(getattr(one, other))
        return None


def _words(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(one.value) for one in annotation)
    return ()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return str(value) if isinstance(value, StrEnum) else value
