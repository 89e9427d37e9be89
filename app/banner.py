"""What is printed when the gateway is ready."""

from collections.abc import Sequence

from app.explorer import DemoToken, is_built
from app.settings import Settings


def banner(settings: Settings, url: str, tokens: Sequence[DemoToken]) -> str:
    """Return where the gateway is reached and, where there are any, a token for each role."""
    explorer = "" if is_built() else " (its explorer for browsers is not built: run `python -m app.explorer.build`)"
    lines = ["", "The gateway is ready.", "", f"  GraphQL    {url}/graphql{explorer}", f"  Health     {url}/readyz"]
    if settings.is_embedded:
        lines.append(f"  Data       {settings.data_dir}")
    if tokens:
        lines += ["", "Demo tokens, for a day; `gateway token --help` has more:", ""]
        lines += [line for token in tokens for line in (f"  {token.role}: {token.label}", f"    {token.token}")]
    elif settings.is_own_issuer:
        lines += [
            "",
            "Tokens are those of the development key (`gateway token --role admin`): anyone who can read the data",
            "folder can make them. GATEWAY_JWT_PUBLIC_KEY takes those of an issuer instead.",
        ]
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])
