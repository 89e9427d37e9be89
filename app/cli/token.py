"""`gateway token`: tokens for demonstrations and for development."""

import json
from typing import Annotated

import jwt
import typer

from app.cli.target import say
from app.errors import StartError
from app.identity import DevelopmentKey
from app.settings import Settings
from security.claims import MalformedClaims, claims_of, principal_of
from security.principal import Actor, Principal
from security.roles import SCOPED_ROLES, Role


def token(
    role: Annotated[Role, typer.Option(help="What the principal is to Cienty.")],
    subject: Annotated[str | None, typer.Option(help="Whose token it is; by default demo-ROLE.")] = None,
    customer_id: Annotated[int | None, typer.Option(help="The pharmacy of a customer.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="A sales region; may be repeated.")] = None,
    warehouse_id: Annotated[list[int] | None, typer.Option(help="A warehouse of operations; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A capability to narrow to; may be repeated.")] = None,
    actor: Annotated[
        str | None,
        typer.Option(help="An agent of this name acts for the subject: its rights are what both have."),
    ] = None,
    ttl: Annotated[int | None, typer.Option(help="Seconds that it lives; by default as long as one may.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object with the token and its end.")] = False,
) -> None:
    """Print a token signed with the development key.

    Nothing but the token is printed on standard output:

      curl -H "Authorization: Bearer $(gateway token --role admin)" ...

      gateway token --role sales --region Sul --region Sudeste --ttl 600

      gateway token --role agent --scope orders:read --scope catalog:read --json

      gateway token --role customer --customer-id 7 --actor assistant --scope orders:read
    """
    scopes = frozenset(scope) if scope else None
    principal = Principal(
        subject=subject or f"demo-{role}",
        roles=frozenset({role}),
        scopes=scopes,
        customer_id=customer_id,
        regions=tuple(region or ()),
        warehouse_ids=tuple(warehouse_id or ()),
        actor=None if actor is None else Actor(actor, frozenset({Role.AGENT}), scopes),
    )
    _check(principal)
    key = DevelopmentKey.of(Settings.load())
    seconds = _lifetime(ttl, key.rules.max_lifetime)
    signed = key.sign(principal, seconds=seconds)
    for note in _notes(role, principal):
        say(f"note: {note}")
    claims = jwt.decode(signed, options={"verify_signature": False})
    described = {"token": signed, "subject": principal.subject, "jti": claims["jti"], "expires_at": claims["exp"]}
    typer.echo(json.dumps(described) if as_json else signed)


def _check(principal: Principal) -> None:
    try:
        principal_of(claims_of(principal))
    except MalformedClaims as error:
        raise StartError(f"the gateway would refuse this token: {error}") from None


def _lifetime(ttl: int | None, longest: int) -> int:
    if ttl is not None and not 1 <= ttl <= longest:
        raise StartError(f"--ttl is 1 to {longest} seconds here: GATEWAY_JWT_MAX_LIFETIME_SECONDS sets the longest")
    return ttl or longest


def _notes(role: Role, principal: Principal) -> list[str]:
    """Return what is probably forgotten: rights that reach no row."""
    notes = []
    if role is Role.CUSTOMER and principal.customer_id is None:
        notes.append("a customer's token without --customer-id sees the catalogue and no pharmacy")
    if role is Role.SALES and not principal.regions:
        notes.append("a sales token without --region sees no customers")
    if (role in SCOPED_ROLES or principal.actor) and principal.scopes is None:
        notes.append(f"the token of an {Role.AGENT} without --scope may read nothing")
    return notes
