"""Where the embedded servers can be reached, with the credentials of their users."""

from dataclasses import dataclass, field

from app.embedded.cluster import DATABASE, OWNER_ROLE, OWNER_SECRET, SERVING_ROLE, SERVING_SECRET
from app.embedded.folder import DataFolder
from app.embedded.ports import LOOPBACK
from app.embedded.valkey import VALKEY_SECRET
from app.errors import StartError


@dataclass(frozen=True)
class Endpoints:
    """URLs of the servers; that of one which is not embedded here is empty."""

    # For migrations, loading and seeding: owner of everything, a superuser.
    owner_url: str = field(default="", repr=False)
    # For serving: may do what was granted to it and no more.
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)


def endpoints_of(folder: DataFolder, ports: dict[str, int]) -> Endpoints:
    """Return the URLs for servers of this folder on these ports (`postgres`, `valkey`)."""
    owner = serving = redis = ""
    if port := ports.get("postgres"):
        owner = f"postgresql://{OWNER_ROLE}:{_secret(folder, OWNER_SECRET)}@{LOOPBACK}:{port}/{DATABASE}"
        serving = f"postgresql://{SERVING_ROLE}:{_secret(folder, SERVING_SECRET)}@{LOOPBACK}:{port}/{DATABASE}"
    if port := ports.get("valkey"):
        redis = f"redis://:{_secret(folder, VALKEY_SECRET)}@{LOOPBACK}:{port}/0"
    return Endpoints(owner_url=owner, database_url=serving, redis_url=redis)


def _secret(folder: DataFolder, name: str) -> str:
    secret = folder.secret(name)
    if secret is None:
        raise StartError(f"{folder.secrets / name} is gone: stop what runs on {folder.path} and start it again")
    return secret
