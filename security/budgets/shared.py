"""Buckets in Redis, one for all processes of a deployment."""

from typing import Final, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from security.budgets.bucket import Taken
from security.budgets.table import Budget

SECONDS: Final = 0.2
"""How long Redis may take to connect, and again to answer."""

_PREFIX: Final = "gateway:budget:"

# One script, so that no two processes take the same token. Time is the server's; where it is set back, or another
# server takes over whose clock is behind, a bucket fills from then on, and does not wait until it is that late again.
_TAKE: Final = """
local capacity, rate, need, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('time')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local kept = redis.call('hmget', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or capacity, tonumber(kept[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * rate / 1000000)
local granted = 0
if need <= tokens then
    granted = math.max(need, math.min(want, math.floor(tokens)))
end
tokens = math.min(capacity, tokens - granted)
redis.call('hset', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
redis.call('pexpire', KEYS[1], math.ceil(capacity / rate * 1000) + 1000)
local wait = 0
if granted == 0 and need > 0 then
    wait = math.ceil((need - tokens) / rate * 1000)
end
return {granted, math.floor(tokens), wait}
"""


class SharedBuckets:
    """Buckets that all processes take from. Raises `RedisError`, `OSError` or `TimeoutError` without Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = redis.register_script(_TAKE)

    @classmethod
    def at(cls, url: str) -> Self:
        """Return the buckets of the Redis at a URL; nothing is connected yet."""
        return cls(
            Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=Retry(NoBackoff(), 0))
        )

    async def take(self, key: str, budget: Budget, need: int, want: int) -> Taken:
        """Take tokens."""
        arguments = [budget.capacity, budget.per_second, need, want]
        granted, remaining, wait = await self._script(keys=[_PREFIX + key], args=arguments)
        return Taken(granted, remaining, wait / 1000)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
