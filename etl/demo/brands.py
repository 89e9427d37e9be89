"""Trade names, invented from the substance's name as laboratories do."""

from collections.abc import Iterator

from etl.demo.chance import stream
from etl.demo.knowledge import names

_ENDINGS = [name for name, _ in names("brand_ending")]
_VOWELS = "aeiou"
_PLAIN = str.maketrans("áâãàéêíóôõúüçñ-", "aaaaeeiooouucn ")


def brand_names(seed: int, ingredient: str, taken: set[str]) -> Iterator[str]:
    """Give trade names for a substance, none that is taken; each one given is taken from then on."""
    stem = _stem(ingredient)
    endings = list(_ENDINGS)
    stream(seed, "brands", ingredient).shuffle(endings)
    number = 0
    while True:
        turn, place = divmod(number, len(endings))
        name = _join(stem, endings[place]) + (f" {_ROMAN[turn]}" if turn else "")
        number += 1
        if name not in taken:
            taken.add(name)
            yield name


_ROMAN = (
    "",
    "Plus",
    "Neo",
    "Uno",
    "Bio",
    "Duo",
    "Prime",
    "Max",
    "Vita",
    "Med",
    *(f"N{number}" for number in range(90)),
)


def _stem(ingredient: str) -> str:
    """Return the beginning of the substance's own word, past its salt: `succinato de metoprolol` gives `meto`."""
    words = [word for word in ingredient.translate(_PLAIN).split() if word.isalpha()]
    own = next((word for word in words if word not in _SALTS), words[0])
    second = ingredient.partition(" + ")[2].translate(_PLAIN).split()
    other = next((word for word in second if word.isalpha() and word not in _SALTS), "")
    return own[:2] + other[:3] if other else own[:4]


_SALTS = frozenset(word.translate(_PLAIN) for word, _ in names("salt"))


def _join(stem: str, ending: str) -> str:
    """Join the two as they can be said: never two consonants from either side, never two equal vowels."""
    if stem[-1] in _VOWELS and ending[0] in _VOWELS:
        stem = stem[:-1]
    elif stem[-1] not in _VOWELS and ending[0] not in _VOWELS:
        stem += "i"
    return (stem + ending).capitalize()
