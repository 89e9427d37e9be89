"""Budgets hold over all processes, at any moment and at any cost; without Redis they are smaller, never missing."""

import asyncio
import socket
import time

import pytest
from redis.asyncio import Redis

from app.embedded import Stack
from security.budgets import Budget, Budgets, FailoverBuckets, LocalBuckets, SharedBuckets
from security.budgets.account import Account
from security.budgets.bucket import Taken
from security.budgets.table import BUDGETS, TENANT, budget_of
from security.errors import Throttled, TooExpensive
from security.principal import Principal
from security.roles import Role

SMALL = Budget(1_000, 1)


def pharmacy(subject: str, customer_id: int | None = 7) -> Principal:
    return Principal(subject, frozenset({Role.CUSTOMER}), customer_id=customer_id)


async def spent(account: Account, cost: int, most: int = 5_000) -> int:
    """Spend until the account throttles, and return how much that was."""
    for number in range(most):
        try:
            await account.pay(cost)
        except Throttled:
            return number * cost
    raise AssertionError("never throttled")


async def test_processes_together_spend_no_more_than_the_budget(stack: Stack) -> None:
    async with Redis.from_url(stack.endpoints.redis_url) as redis:
        await redis.delete("gateway:budget:together")
    buckets = [SharedBuckets.at(stack.endpoints.redis_url) for _ in range(4)]
    accounts = [Account("together", SMALL, each, processes=4) for each in buckets]
    begin = time.monotonic()
    total = sum(await asyncio.gather(*(spent(account, 1) for account in accounts)))
    filled = (time.monotonic() - begin) * SMALL.per_second + 1
    assert 0.99 * SMALL.capacity <= total <= SMALL.capacity + filled
    for each in buckets:
        await each.close()


async def test_buckets_in_redis_expire_and_name_nobody(stack: Stack) -> None:
    shared = SharedBuckets.at(stack.endpoints.redis_url)
    await Budgets(shared).wallet(pharmacy("ana@example.com")).pay(5)
    redis = Redis.from_url(stack.endpoints.redis_url)
    keys = [key async for key in redis.scan_iter("gateway:budget:*")]
    assert keys
    assert not [key for key in keys if b"ana" in key]
    assert all([await redis.pttl(key) > 0 for key in keys])
    await shared.close()
    await redis.aclose()


async def test_where_the_clock_of_redis_is_set_back_a_bucket_goes_on_filling(stack: Stack) -> None:
    budget = Budget(1_000, 100)
    shared = SharedBuckets.at(stack.endpoints.redis_url)
    async with Redis.from_url(stack.endpoints.redis_url) as redis:
        await redis.delete("gateway:budget:back")
        await shared.take("back", budget, 1_000, 1_000)
        an_hour_ahead = int(float(await redis.hget("gateway:budget:back", "at") or 0)) + 3_600_000_000
        await redis.hset("gateway:budget:back", "at", str(an_hour_ahead))
    assert (await shared.take("back", budget, 50, 50)).granted == 0
    await asyncio.sleep(0.6)
    assert (await shared.take("back", budget, 50, 50)).granted == 50
    await shared.close()


async def test_a_bucket_fills_by_the_clock_and_not_beyond_its_capacity() -> None:
    now = 0.0
    buckets = LocalBuckets(clock=lambda: now)
    assert (await buckets.take("a", Budget(100, 10), 100, 100)).granted == 100
    refused = await buckets.take("a", Budget(100, 10), 30, 30)
    assert (refused.granted, refused.wait) == (0, 3.0)
    now = 3.0
    assert (await buckets.take("a", Budget(100, 10), 30, 30)).granted == 30
    now = 1_000.0
    assert (await buckets.take("a", Budget(100, 10), 1, 500)).granted == 100


async def test_without_redis_a_process_has_its_part() -> None:
    nowhere = SharedBuckets.at("redis://127.0.0.1:1/0")
    account = Account("alone", SMALL, FailoverBuckets(nowhere, processes=4), processes=4)
    assert 250 <= await spent(account, 1) <= 255


async def test_a_process_s_part_pays_what_is_dearer_than_all_of_it() -> None:
    now = 0.0
    buckets = LocalBuckets(1 / 64, clock=lambda: now)
    budget = Budget(64_000, 640)
    assert await buckets.take("a", budget, 5_000, 5_000) == Taken(5_000, 0)
    refused = await buckets.take("a", budget, 5_000, 5_000)
    assert (refused.granted, refused.wait) == (0, 500.0)
    assert (await buckets.take("a", budget, -100, -100)).granted == -100
    now = 489.0
    assert (await buckets.take("a", budget, 5_000, 5_000)).granted == 0
    now = 490.0
    assert (await buckets.take("a", budget, 5_000, 5_000)).granted == 5_000


async def test_a_redis_that_does_not_answer_costs_one_short_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        shared = SharedBuckets.at(f"redis://127.0.0.1:{hole.getsockname()[1]}/0")
        wallet = Budgets(FailoverBuckets(shared, processes=1)).wallet(pharmacy("ana"))
        begin = time.monotonic()
        for _ in range(50):
            await wallet.pay(1)
        assert time.monotonic() - begin < 5
        await shared.close()


async def test_refunds_go_back_to_the_bucket() -> None:
    buckets = LocalBuckets(clock=lambda: 0.0)
    account = Account("a", SMALL, buckets, processes=1)
    await account.pay(900)
    account.refund(890)
    await asyncio.sleep(0)
    other = Account("a", SMALL, buckets, processes=1)
    assert await spent(other, 1) >= 980


async def test_a_customer_is_one_budget_whoever_of_it_asks() -> None:
    budgets = Budgets(LocalBuckets(clock=lambda: 0.0), factor=1 / 40_000)
    own, tenant = (budget.times(1 / 40_000).capacity for budget in (BUDGETS[Role.CUSTOMER], TENANT))
    total = 0
    for number in range(4):
        wallet = budgets.wallet(pharmacy(f"user {number}"))
        for _ in range(own):
            try:
                await wallet.pay(1)
            except Throttled:
                break
            total += 1
    assert total == tenant
    # The subject's own part was not taken where the customer's was refused.
    assert budgets.wallet(pharmacy("user 3", None)).spend(0)


async def test_new_tokens_make_no_new_budget() -> None:
    budgets = Budgets(LocalBuckets(clock=lambda: 0.0), factor=1e-6)
    await budgets.wallet(pharmacy("ana", None)).pay(4)
    with pytest.raises(Throttled) as told:
        await budgets.wallet(pharmacy("ana", None)).pay(1)
    assert (told.value.retry_after or 0) >= 1
    assert told.value.extensions["cost"]["throttleStatus"]["currentlyAvailable"] == 0


async def test_what_no_budget_can_ever_pay() -> None:
    with pytest.raises(TooExpensive):
        await Account("a", SMALL, LocalBuckets(), processes=1).pay(1_001)


def test_every_role_has_a_budget() -> None:
    assert set(BUDGETS) == set(Role)
    assert budget_of(Principal("x", frozenset(Role))) == BUDGETS[Role.ADMIN]
    assert budget_of(Principal("x", frozenset())) == BUDGETS[Role.CUSTOMER]
