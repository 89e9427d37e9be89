"""How many examples property tests try: some by default, many with `pytest --hypothesis-profile nightly --timeout 0`.

By default they are the same ones each time: a run of all tests fails for what was changed and for nothing else.
"""

from hypothesis import settings

_EXAMPLES = 100

settings.register_profile("default", max_examples=_EXAMPLES, deadline=None, derandomize=True, database=None)
settings.register_profile("nightly", max_examples=70 * _EXAMPLES, deadline=None, print_blob=True)
settings.load_profile("default")


def examples(number: int) -> settings:
    """Return the settings of a test that tries so many examples by default, and more in a longer profile."""
    loaded = settings.get_profile(settings.get_current_profile_name())
    return settings(max_examples=number * loaded.max_examples // _EXAMPLES)
