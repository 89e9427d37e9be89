"""Where the explorer's sources lie and where what is built from them goes."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "explorer"
STATIC = Path(__file__).resolve().parent / "static"
LIVE = STATIC / "live"


def is_built(live: Path = LIVE) -> bool:
    """Whether there is an explorer to serve."""
    return (live / "index.html").is_file()
