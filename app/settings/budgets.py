"""Settings of what clients may spend."""

from pydantic_settings import BaseSettings

from app.settings.declaration import setting


class BudgetSettings(BaseSettings):
    """What a principal may spend on operations over time."""

    budget_factor: float = setting(
        "By what the budgets of security/budgets/table.py are multiplied.", 1.0, gt=0, le=1_000_000
    )
    budget_processes: int = setting(
        "Processes that share the budgets: each allows this part of them while Redis does not answer.", 1, ge=1, le=1000
    )
    rate_limit_draft_headers: bool = setting(
        "Whether responses have the headers RateLimit and RateLimit-Policy of the IETF's draft too.", False
    )
