"""What is said of Brazil, against what is written down here independently of it."""

from collections import Counter
from itertools import pairwise

from etl.demo.places import REGIONS, centre_of, centres, municipalities, states

REGION_OF = {
    "Norte": "AC AM AP PA RO RR TO",
    "Nordeste": "AL BA CE MA PB PE PI RN SE",
    "Centro-Oeste": "DF GO MS MT",
    "Sudeste": "ES MG RJ SP",
    "Sul": "PR RS SC",
}
DDD_OF = {
    "SP": range(11, 20), "RJ": (21, 22, 24), "ES": (27, 28), "MG": (31, 32, 33, 34, 35, 37, 38),
    "PR": range(41, 47), "SC": (47, 48, 49), "RS": (51, 53, 54, 55), "DF": (61,), "GO": (61, 62, 64), "TO": (63,),
    "MT": (65, 66), "MS": (67,), "AC": (68,), "RO": (69,), "BA": (71, 73, 74, 75, 77), "SE": (79,),
    "PE": (81, 87), "AL": (82,), "PB": (83,), "RN": (84,), "CE": (85, 88), "PI": (86, 89),
    "PA": (91, 93, 94), "AM": (92, 97), "RR": (95,), "AP": (96,), "MA": (98, 99),
}  # fmt: skip # a table
# The first five digits.
CEPS_OF = {
    "SP": [(1000, 19999)], "RJ": [(20000, 28999)], "ES": [(29000, 29999)], "MG": [(30000, 39999)],
    "BA": [(40000, 48999)], "SE": [(49000, 49999)], "PE": [(50000, 56999)], "AL": [(57000, 57999)],
    "PB": [(58000, 58999)], "RN": [(59000, 59999)], "CE": [(60000, 63999)], "PI": [(64000, 64999)],
    "MA": [(65000, 65999)], "PA": [(66000, 68899)], "AP": [(68900, 68999)], "AM": [(69000, 69299), (69400, 69899)],
    "RR": [(69300, 69399)], "AC": [(69900, 69999)], "DF": [(70000, 72799), (73000, 73699)],
    "GO": [(72800, 72999), (73700, 76799)], "RO": [(76800, 76999)], "TO": [(77000, 77999)],
    "MT": [(78000, 78899)], "MS": [(79000, 79999)], "PR": [(80000, 87999)], "SC": [(88000, 89999)],
    "RS": [(90000, 99999)],
}  # fmt: skip # a table
CAPITALS = (
    "Rio Branco,Maceió,Manaus,Macapá,Salvador,Fortaleza,Brasília,Vitória,Goiânia,São Luís,Belo Horizonte,Campo Grande,"
    "Cuiabá,Belém,João Pessoa,Recife,Teresina,Curitiba,Rio de Janeiro,Natal,Porto Velho,Boa Vista,Porto Alegre,"
    "Florianópolis,Aracaju,São Paulo,Palmas"
)


def test_every_state_is_in_its_region() -> None:
    expected = {uf: region for region, found in REGION_OF.items() for uf in found.split()}
    assert {uf: state.region for uf, state in states().items()} == expected
    assert set(REGIONS) == set(REGION_OF)


def test_every_state_has_its_capital_and_another_municipality() -> None:
    assert sorted(place.name for place in municipalities() if place.is_capital) == sorted(CAPITALS.split(","))
    assert len(municipalities()) >= 150
    inland = Counter(place.state.uf for place in municipalities() if not place.is_capital)
    assert set(inland) == set(states()) - {"DF"}


def test_every_municipality_has_an_area_code_of_its_state() -> None:
    assert [place.name for place in municipalities() if int(place.ddd) not in DDD_OF[place.state.uf]] == []


def test_every_municipality_has_a_cep_of_its_state_and_of_no_other_municipality() -> None:
    for place in municipalities():
        assert any(low <= place.first_cep <= place.last_cep <= high for low, high in CEPS_OF[place.state.uf]), place
    ranges = sorted((place.first_cep, place.last_cep, place.name) for place in municipalities())
    overlapping = [(one, other) for one, other in pairwise(ranges) if other[0] <= one[1]]
    assert overlapping == []


def test_no_municipality_of_a_state_is_named_twice() -> None:
    assert max(Counter((place.name, place.state.uf) for place in municipalities()).values()) == 1


def test_every_state_is_served_by_a_centre_at_most_eight_days_away() -> None:
    assert {centre_of(uf) for uf in states()} == {centre.id for centre in centres()}
    assert all(1 <= place.days <= 8 for place in municipalities())
    assert all(1 <= place.days <= 2 for place in municipalities() if place.state.uf == "SP")


def test_taxes_are_those_of_states_between_17_and_20_percent() -> None:
    assert all(170 <= state.icms <= 200 for state in states().values())
