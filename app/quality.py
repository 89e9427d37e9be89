"""Where the gateway reads results of checks."""

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from app.settings import Settings
from resolvers.quality import QualityResults

if TYPE_CHECKING:
    from resolvers.warehouse.reader import WarehouseReader


def quality_results(settings: Settings) -> QualityResults:
    """Return what reads the results that the worker of the data folder keeps."""
    return QualityResults(partial(_opened, settings))


def _opened(settings: Settings) -> "WarehouseReader":
    # Arrow comes with it, which a gateway does without as long as nobody asks.
    return cast("WarehouseReader", import_module("app.warehouse").owned_reader(settings))
