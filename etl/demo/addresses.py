"""Addresses: streets that every Brazilian town has."""

from random import Random

from etl.demo.chance import Wheel
from etl.demo.knowledge import names
from etl.demo.places import Municipality

_STREETS = Wheel(names("street"))
_DISTRICTS = Wheel(names("district"))


def address(chance: Random, place: Municipality) -> str:
    """Return street, number, district and CEP of somewhere in a municipality."""
    street, district = _STREETS.at(chance.random()), _DISTRICTS.at(chance.random())
    number = 10 + int(chance.random() ** 2 * 2400)
    cep = place.first_cep + int(chance.random() * (place.last_cep - place.first_cep + 1))
    return f"{street}, {number}, {district}, CEP {cep:05}-{int(chance.random() * 900):03}"
