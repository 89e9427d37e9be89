"""Brazil: its states and some 170 municipalities, with what depends on the place."""

from dataclasses import dataclass
from functools import cache

from etl.demo.chance import Wheel
from etl.demo.knowledge import table

REGIONS = ("Norte", "Nordeste", "Centro-Oeste", "Sudeste", "Sul")


@dataclass(frozen=True, slots=True)
class State:
    """A state: `icms` in thousandths, `days` on the road from the distribution centre that serves it."""

    uf: str
    region: str
    icms: int
    warehouse: str
    days: int


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality; its CEP begins with five digits between `first_cep` and `last_cep`."""

    name: str
    state: State
    population: int
    ddd: str
    first_cep: int
    last_cep: int
    is_capital: bool

    @property
    def days(self) -> int:
        """Business days on the road: the interior is a day farther than the capital."""
        return self.state.days + (0 if self.is_capital else 1)


@dataclass(frozen=True, slots=True)
class Centre:
    """A distribution centre of ours; `share` of the catalogue, in hundredths, is always kept there."""

    id: int
    city: str
    uf: str
    share: int


@cache
def states() -> dict[str, State]:
    """Return the states by their two letters."""
    return {
        row["uf"]: State(row["uf"], row["region"], int(row["icms"]), row["warehouse"], int(row["days"]))
        for row in table("states")
    }


@cache
def municipalities() -> tuple[Municipality, ...]:
    """Return the municipalities; the first of a state is its capital."""
    found: list[Municipality] = []
    capitals: set[str] = set()
    for row in table("municipalities"):
        found.append(
            Municipality(
                name=row["name"],
                state=states()[row["uf"]],
                population=int(row["population"]),
                ddd=row["ddd"],
                first_cep=int(row["cep_from"]),
                last_cep=int(row["cep_to"]),
                is_capital=row["uf"] not in capitals,
            )
        )
        capitals.add(row["uf"])
    return tuple(found)


@cache
def by_pharmacies() -> Wheel[Municipality]:
    """Return the municipalities to draw a pharmacy's from: small ones have more pharmacies a head."""
    return Wheel((place, place.population**0.85) for place in municipalities())


@cache
def centres() -> tuple[Centre, ...]:
    """Return our distribution centres, numbered from 1."""
    return tuple(
        Centre(number, row["city"], row["uf"], int(row["share"])) for number, row in enumerate(table("warehouses"), 1)
    )


@cache
def centre_of(uf: str) -> int:
    """Return the number of the distribution centre that serves a state."""
    return next(centre.id for centre in centres() if centre.city == states()[uf].warehouse)
