"""`gateway revoke`: ends tokens before their time."""

import asyncio
import datetime as dt
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from app.cli.target import say
from app.embedded import make_folder, open_stack
from app.errors import StartError
from app.identity import DEVELOPMENT_LIFETIME
from app.revocations import RevocationJournal
from app.settings import Settings
from security.claims import MalformedClaims, subject_of, token_id_of
from security.revocation import Revocation
from security.revocation_list import RevocationList, RevocationListFailed

# Beyond the life of any token that is ended: clocks that differ, and settings that differ between machines.
_MARGIN: Final = DEVELOPMENT_LIFETIME


def revoke(
    jti: Annotated[str | None, typer.Option(help="The `jti` of one token.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose tokens, as `sub` or as who acts.")] = None,
    issued_before: Annotated[
        dt.datetime | None,
        typer.Option(
            help="Only the subject's tokens issued before (UTC); by default all so far, and those of a leeway more."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object with what was revoked.")] = False,
) -> None:
    """End tokens before their time, within a second or two, at every gateway of the deployment.

    A subject may sign in again GATEWAY_JWT_LEEWAY_SECONDS later: the issuer's clock may be ahead by so much.

    gateway revoke --jti 8d1f0a52

    gateway revoke --subject ana

    gateway revoke --subject ana --issued-before 2026-03-02T12:00:00
    """
    if (jti is None) == (subject is None) or (issued_before and subject is None):
        raise StartError("name one token (--jti) or whose tokens (--subject, with --issued-before or without)")
    _check(jti, subject)
    settings = Settings.load()
    entry = _of_token(jti, settings) if jti is not None else _of_subject(subject or "", issued_before, settings)
    _add(entry, settings)
    if as_json:
        typer.echo(json.dumps({"issued_before": entry.issued_before, "until": entry.until}))
    else:
        typer.echo("revoked")


def _check(jti: str | None, subject: str | None) -> None:
    """Refuse a name that no token can have, such as that of a variable which is not set: nothing would be revoked."""
    try:
        token_id_of(jti) if jti is not None else subject_of(subject)
    except MalformedClaims as error:
        raise StartError(
            f"no token has this name: {error}, so that nothing would end; give it as tokens have it"
        ) from None


def _of_token(jti: str, settings: Settings) -> Revocation:
    return Revocation.of_token(jti, until=int(time.time()) + _longest_life(settings))


def _of_subject(subject: str, issued_before: dt.datetime | None, settings: Settings) -> Revocation:
    now = int(time.time())
    # Times of issue are whole seconds: a token of this very second is among those so far. By the issuer's clock, which
    # may be ahead by the leeway, this second may be a later one.
    so_far = now + 1 + settings.jwt_leeway_seconds
    before = so_far if issued_before is None else int(issued_before.replace(tzinfo=dt.UTC).timestamp())
    return Revocation.of_subject(subject, issued_before=before, until=max(now, before) + _longest_life(settings))


def _longest_life(settings: Settings) -> int:
    return (settings.jwt_max_lifetime_seconds or 0) + _MARGIN


def _add(entry: Revocation, settings: Settings) -> None:
    with _redis_url(settings) as url:
        if settings.redis_url is None:
            RevocationJournal(make_folder(settings.data_dir)).write([entry])
        try:
            asyncio.run(_share(entry, url))
        except RevocationListFailed as error:
            raise StartError(
                f"running gateways were not told, because Redis does not take it ({error}): try again"
            ) from None


async def _share(entry: Revocation, url: str) -> None:
    shared = RevocationList.at(url)
    try:
        await shared.add([entry])
    finally:
        await shared.close()


@contextmanager
def _redis_url(settings: Settings) -> Iterator[str]:
    if settings.redis_url is not None:
        yield settings.redis_url
        return
    with open_stack(settings.data_dir, owner="gateway revoke", parts=["valkey"], report=say) as stack:
        yield stack.endpoints.redis_url
