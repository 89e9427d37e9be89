"""Headers that tell a client how its budget stands."""

from dataclasses import dataclass

from resolvers.engine import Answer
from security.budgets import Budgets, Standing
from security.principal import Principal

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class RateLimitHeaders:
    """Makes `X-RateLimit-*` and, where asking again may help, `Retry-After`; with `draft` the IETF's headers too.

    `X-RateLimit-Reset` is in how many seconds nothing is missing (draft-ietf-httpapi-ratelimit-headers for `draft`).
    """

    budgets: Budgets
    draft: bool = False

    def of(self, principal: Principal, answer: Answer) -> list[Header]:
        """Return the headers of an answer to a principal."""
        waiting = [] if answer.retry_after is None else [(b"retry-after", b"%d" % answer.retry_after)]
        standing = self.budgets.wallet(principal).standing()
        if standing is None:
            return waiting
        headers = [
            *waiting,
            (b"x-ratelimit-limit", b"%d" % standing.limit),
            (b"x-ratelimit-remaining", b"%d" % standing.remaining),
            (b"x-ratelimit-reset", b"%d" % standing.seconds),
        ]
        return headers + _draft(standing) if self.draft else headers


def _draft(standing: Standing) -> list[Header]:
    window = max(1, standing.limit // standing.per_second)
    return [
        (b"ratelimit-policy", b'"rows";q=%d;w=%d' % (standing.limit, window)),
        (b"ratelimit", b'"rows";r=%d;t=%d' % (standing.remaining, standing.seconds)),
    ]
