"""One set of assumptions: frozen, hashable, and written down with every study."""

import math
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from geodata.messages import InputError, Message, say
from geodata.reach import Detour, road_like_km

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Frozen(BaseModel):
    """A value that can't be changed, hashes by content and refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(StrEnum):
    """How far is measured: as laws do, stretched by the detour roads make, or by road in km or minutes."""

    GREAT_CIRCLE = "great-circle"
    DETOUR = "detour"
    ROAD_KM = "road-km"
    ROAD_MIN = "road-min"

    @property
    def by_road(self) -> bool:
        """Whether it needs a road network."""
        return self in (Metric.ROAD_KM, Metric.ROAD_MIN)


class RoadSettings(Frozen):
    """How places come to the roads, and what stands for a way where there is none (assumed).

    Attributes
    ----------
    snap_km
        A place farther than this from any road is off the network.
    access_kmh
        Speed on the straight leg between a place and the road.
    fallback_kmh
        Speed over road-like kilometres where a place is off the network.
    direction
        Which way is measured: from the demand point to the outlet, back, or the mean of both.
    margin_km
        How far around the areas of a study roads are read; 1,000 km at most.
    """

    snap_km: Positive = 2.0
    access_kmh: Positive = 20.0
    fallback_kmh: Positive = 40.0
    direction: Literal["to", "back", "both"] = "to"
    margin_km: Annotated[float, Field(ge=0, le=1000)] = 10.0


class Haulage(Frozen):
    """What moving costs: a tonne from collection to where it goes on, a vehicle to its outlet, per km."""

    per_tonne_km: NonNegative = 0.0
    per_vehicle_km: NonNegative = 0.0


class NewOutlet(Frozen):
    """What a new outlet of a kind is taken to be where the site doesn't say (assumed).

    The defaults are those of the 2019 guide (announcement No. 46: 10 m² and 5 t for collection, 30 t for
    storage) with twelve pick-ups a year; the opening costs are relative.
    """

    area_m2: NonNegative | None = None
    stock_cap_t: NonNegative
    pickups_per_year: NonNegative
    opening_cost: NonNegative


class NewOutlets(Frozen):
    """The new outlet of each kind."""

    collection: NewOutlet = NewOutlet(area_m2=10, stock_cap_t=5, pickups_per_year=12, opening_cost=1)
    storage: NewOutlet = NewOutlet(stock_cap_t=30, pickups_per_year=12, opening_cost=4)


class ChemistryLife(Frozen):
    """Life and weight of one chemistry's packs: Weibull scale in years, kilograms a pack."""

    scale_years: Positive
    pack_kg: Positive


class Chemistry(Frozen):
    """A chemistry by name."""

    name: str
    life: ChemistryLife


def default_chemistries() -> tuple[Chemistry, ...]:
    """Return the chemistries of Tian, Peng et al. (open table EOL-power-battery, CC BY 4.0).

    `NCM` alone is taken for NCM523 (assumed). NCM811 has no pack weight there: the NCM622 pack stands in.
    Commercial LFP is `LFP-commercial`, plug-in hybrids (`PHEV`) last a year longer than NCM523 and carry the
    same pack.
    """
    lives = {
        "LFP": (9.5, 350),
        "NCM": (8, 303),
        "NCM523": (8, 303),
        "NCM622": (7.5, 305),
        "NCM811": (7, 305),
        "PHEV": (9, 303),
        "LFP-commercial": (6, 790),
    }
    return tuple(
        Chemistry(name=n, life=ChemistryLife(scale_years=s, pack_kg=w)) for n, (s, w) in lives.items()
    )


class MixPart(Frozen):
    """A chemistry's share of vehicles whose chemistry is blank."""

    name: str
    share: Share


class Solver(Frozen):
    """Which solver, for how long, how near to the optimum.

    `time_limit_s` is for each planning problem; of it the last objective, which only chooses among
    plans of the same shortage and cost (the nearest), takes at most `tie_break_s`.
    """

    name: Literal["highs", "cbc"] = "highs"
    time_limit_s: Positive = 60
    tie_break_s: Positive = 10
    gap: NonNegative = 1e-4
    seed: int = 0


class Scenario(Frozen):
    """Everything assumed in a study beyond its tables and its rules.

    Attributes
    ----------
    year
        The study's year: quantities are those of this year, outlets opened later don't count.
    metric, detour
        Distance is great-circle kilometres; where the metric is `detour`, times this factor, or, without one,
        as roads between Chinese cities stretch it (1.3 below 200 km, 1.25 above). Of the metrics by road,
        `road-km` and `road-min`, the study's distances are in km and minutes.
    roads
        How places come to the roads.
    new_outlet, join_cost
        What new outlets are and cost; joining another's outlet costs `join_cost` times opening.
    weibull_shape, chemistries, chemistry_mix
        The retirement model: F(a) = 1 - exp(-(a/scale)^shape); blank chemistries follow the mix.
    history_complete
        Whether the sales table begins with the enterprises' first sales.
    allow_joining, max_new, budget
        Whether outlets of others may be joined; the most new outlets and the most cost of the whole run.
    objective
        What a plan is to make least: the cost of opening, or, as `total`, that and moving by `haulage`.
    haulage
        What moving costs.
    spacing_km
        How far two outlets of an enterprise and a kind stand apart at least, in a straight line; None: any.
    """

    year: int
    metric: Metric = Metric.GREAT_CIRCLE
    detour: Annotated[float, Field(ge=1, le=5)] | None = None
    roads: RoadSettings = RoadSettings()
    new_outlet: NewOutlets = NewOutlets()
    join_cost: NonNegative = 0.2
    weibull_shape: Positive = 3.5
    chemistries: tuple[Chemistry, ...] = Field(default_factory=default_chemistries)
    chemistry_mix: tuple[MixPart, ...] = (MixPart(name="LFP", share=0.6), MixPart(name="NCM523", share=0.4))
    history_complete: bool = False
    allow_joining: bool = False
    max_new: Annotated[int, Field(ge=0)] | None = None
    budget: NonNegative | None = None
    objective: Literal["cost", "total"] = "cost"
    haulage: Haulage = Haulage()
    spacing_km: Positive | None = None
    solver: Solver = Solver()

    @field_validator("chemistry_mix")
    @classmethod
    def _shares_sum_to_one(cls, mix: tuple[MixPart, ...]) -> tuple[MixPart, ...]:
        if not math.isclose(sum(part.share for part in mix), 1, abs_tol=1e-6):
            raise ValueError("the shares must sum to 1")
        return mix

    @field_validator("chemistries", mode="before")
    @classmethod
    def _chemistries_from_table(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return [{"name": name, "life": life} for name, life in value.items()]
        return value

    @field_validator("chemistry_mix", mode="before")
    @classmethod
    def _mix_from_table(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return [{"name": name, "share": share} for name, share in value.items()]
        return value

    @property
    def stretch(self) -> Detour:
        """What makes a way of a great circle: a factor, or a function of kilometres.

        By road it stands in where a place is off the network.
        """
        if self.metric is Metric.GREAT_CIRCLE:
            return 1.0
        return self.detour or road_like_km


def sentences_of(error: ValidationError, source: str) -> list[Message]:
    """Say each thing pydantic found in one sentence: where, what value, what is asked."""
    sentences = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"]) or "?"
        if item["type"] == "extra_forbidden":
            text = say("{source}: there is no '{field}'. Correct the name or leave it out.", source=source,
                       field=field)  # fmt: skip
        elif item["type"] == "missing":
            text = say("{source}: '{field}' is missing. Add it.", source=source, field=field)
        else:
            text = say(
                "{source}: '{field}' is {value!r}: {problem}. Correct it or leave it out.",
                source=source,
                field=field,
                value=item["input"],
                problem=item["msg"].removeprefix("Value error, "),
            )
        sentences.append(text)
    return sentences


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a missing or broken one is bad input."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(say("{file}: there is no such file. Check the path.", file=path)) from None
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            say("{file}: cannot be read as TOML ({problem}). Correct it.", file=path.name, problem=error)
        ) from None


def scenario_from(values: dict[str, Any], source: str = "scenario") -> Scenario:
    """Return the scenario of plain values, as a TOML file holds them.

    Raises
    ------
    InputError
        With one sentence for every field that does not fit.
    """
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        raise InputError(sentences_of(error, source)) from None


def read_scenario(path: Path | None, **overrides: object) -> Scenario:
    """Return the scenario of a TOML file (or the default one) with `overrides` that are not None on top."""
    values = read_toml(path) if path else {}
    given = {name: value for name, value in overrides.items() if value is not None}
    solver = {**values.get("solver", {}), **dict(given.pop("solver", {}))}  # type: ignore[call-overload]
    merged = {**values, **given, **({"solver": solver} if solver else {})}
    return scenario_from(merged, path.name if path else "scenario")


def scenario_toml(scenario: Scenario) -> str:
    """Return the scenario as TOML that `read_scenario` reads back to an equal one."""
    values = scenario.model_dump(mode="json", exclude_none=True)
    values["chemistries"] = {item["name"]: item["life"] for item in values["chemistries"]}
    values["chemistry_mix"] = {item["name"]: item["share"] for item in values["chemistry_mix"]}
    return tomlkit.dumps(values)
