"""Numbers and addresses that identify: CNPJ, registration of medicines, telephone, domain."""

import unicodedata
from collections.abc import Iterator

from stdnum.br import cnpj

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROOT = 8


def numeric_cnpjs(start: int) -> Iterator[str]:
    """Give ever new CNPJ of digits only."""
    return _cnpjs(start, base=10, step=61_803_399)


def alphanumeric_cnpjs(start: int) -> Iterator[str]:
    """Give ever new CNPJ in the form that holds letters, which new companies have had since July 2026."""
    return (number for number in _cnpjs(start, base=36, step=1_743_542_617_399) if not number[:_ROOT].isdigit())


def _cnpjs(start: int, *, base: int, step: int) -> Iterator[str]:
    """Walk through all roots in steps that share no factor with their count, so that none comes twice."""
    roots = base**_ROOT
    root = start % roots
    while True:
        number = f"{_in_base(root, base)}0001"
        yield number + cnpj.calc_check_digits(number)
        root = (root + step) % roots


def _in_base(number: int, base: int) -> str:
    digits = []
    for _ in range(_ROOT):
        number, digit = divmod(number, base)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def registration(holder: int, medicine: int, presentation: int, *, area: int = 1) -> str:
    """Return 13 digits as Anvisa registers: area (1: medicines, 2: cosmetics), holder, product, presentation, check."""
    number = f"{area}{holder:04}{medicine:04}{presentation:03}"
    weighted = sum(int(digit) * weight for digit, weight in zip(reversed(number), range(2, 14), strict=True))
    return f"{number}{-weighted % 11 % 10}"


def telephone(ddd: str, number: int) -> str:
    """Return a mobile number that nobody has: none begins with 90 after the area code (DDD)."""
    return f"+55 {ddd} 90{number % 10_000_000:07}"


def slug(name: str) -> str:
    """Return a name as a domain may hold it: without accents, spaces and signs."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("&", "e"))
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())
