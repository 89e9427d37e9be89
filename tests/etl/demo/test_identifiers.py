"""Numbers and addresses that identify."""

from itertools import islice

import pytest
from stdnum.br import cnpj

from etl.demo.identifiers import alphanumeric_cnpjs, numeric_cnpjs, registration, slug, telephone


def test_a_cnpj_of_digits_is_valid_and_never_comes_twice() -> None:
    numbers = list(islice(numeric_cnpjs(99_999_990), 5_000))
    assert all(cnpj.validate(number) == number for number in numbers)
    assert all(number.isdigit() for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_cnpj_with_letters_is_valid_and_never_comes_twice() -> None:
    numbers = list(islice(alphanumeric_cnpjs(36**8 - 5), 5_000))
    assert all(cnpj.validate(number) == number for number in numbers)
    assert all(not number[:8].isdigit() and number[8:].isdigit() for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_registration_has_thirteen_digits_the_first_tells_the_area() -> None:
    assert registration(1037, 2, 1)[:-1] == "110370002001"
    assert registration(1037, 2, 1, area=2)[0] == "2"
    assert len(registration(9999, 9999, 999)) == 13


@pytest.mark.parametrize("changed", [(1038, 2, 1), (1037, 3, 1), (1037, 2, 2)])
def test_the_last_digit_of_a_registration_checks_the_others(changed: tuple[int, int, int]) -> None:
    assert registration(*changed)[-1] != registration(1037, 2, 1)[-1]


def test_a_telephone_is_a_mobile_number_that_nobody_has() -> None:
    assert telephone("11", 1234567) == "+55 11 901234567"
    assert telephone("91", 5) == "+55 91 900000005"


def test_a_domain_has_no_accents() -> None:
    assert slug("Farmácia Nossa Senhora da Conceição & Filhos") == "farmacianossasenhoradaconceicaoefilhos"
