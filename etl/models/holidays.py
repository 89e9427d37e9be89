"""Brazil's national holidays as a seed of the dbt project: warehouses know no holidays, so a table does."""

from typing import Final

import holidays

FIRST_YEAR: Final = 2015
LAST_YEAR: Final = 2040


def holidays_csv() -> str:
    """Return the national holidays by law as lines of `day,name`, from the first day of `dim_time` to its last."""
    calendar = holidays.country_holidays("BR", years=range(FIRST_YEAR, LAST_YEAR + 1), language="pt_BR")
    lines = (f"{day.isoformat()},{name.replace(',', ';')}" for day, name in sorted(calendar.items()))
    return "day,name\n" + "\n".join(lines) + "\n"
