"""The gateway and the servers that it is measured beside, each as its makers say it should be run."""

import subprocess
import sys
from typing import Final

from app.settings import PREFIX
from bench.database import Measured
from bench.node import node
from bench.places import DATA, POSTGRAPHILE, ROOT
from bench.servers import Peer
from bench.workloads import GATEWAY, HANDWRITTEN
from bench.workloads import POSTGRAPHILE as POSTGRAPHILE_WORDING

CONNECTIONS: Final = 16
"""Connections of each server to the database, and of the load to the server."""

ROLES: Final = {
    "admin": ("--role", "admin"),
    # Sees the same rows as admin, by rules that name each region.
    "sales": (
        *("--role", "sales"),
        *(part for region in ("Norte", "Nordeste", "Centro-Oeste", "Sudeste", "Sul") for part in ("--region", region)),
    ),
}


def peers(measured: Measured, role: str) -> list[Peer]:
    """Return the four; the gateway is asked by a principal of the role.

    The others get the database's owner, whom no policy concerns: rules of access are the gateway's burden alone.
    """
    database = {"DATABASE_URL": measured.endpoints.owner_url, "POOL_SIZE": str(CONNECTIONS)}
    return [
        gateway(measured.endpoints.database_url, measured.endpoints.redis_url, role),
        Peer(
            "postgraphile",
            "PostGraphile 5",
            POSTGRAPHILE_WORDING,
            (node(), "server.mjs"),
            {**database, "PORT": "{port}", "NODE_ENV": "production", "GRAPHILE_ENV": "production"},
            folder=POSTGRAPHILE,
        ),
        Peer("plain_strawberry", "plain Strawberry", GATEWAY, _uvicorn("plain_strawberry.app"), database),
        Peer("handwritten", "hand-written limit", HANDWRITTEN, _uvicorn("handwritten"), database),
    ]


def gateway(database_url: str, redis_url: str, role: str) -> Peer:
    """Return the gateway as in production: its limits on, a log in JSON, a token that is verified."""
    environment = {
        f"{PREFIX}PORT": "{port}",
        f"{PREFIX}DATA_DIR": str(DATA),
        f"{PREFIX}DATABASE_URL": database_url,
        f"{PREFIX}REDIS_URL": redis_url,
        f"{PREFIX}DATABASE_POOL_MAX": str(CONNECTIONS),
        f"{PREFIX}LOG_FORMAT": "json",
    }
    program = (sys.executable, "-c", "from app.cli import main; main()")
    token = subprocess.run(
        [*program, "token", *ROLES[role]],
        env={f"{PREFIX}DATA_DIR": str(DATA)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return Peer("gateway", "gateway", GATEWAY, (*program, "serve"), environment, token=token)


def _uvicorn(module: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "uvicorn", f"bench.peers.{module}:app", "--port", "{port}"),
        *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
    )
