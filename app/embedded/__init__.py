"""PostgreSQL and Valkey from packages, run by the gateway itself on one data folder."""

from app.embedded.endpoints import Endpoints
from app.embedded.folder import DataFolder, find_folder, make_folder
from app.embedded.inspection import Inspection, inspect
from app.embedded.postgres_settings import PostgresTuning
from app.embedded.runtime import PARTS, Part
from app.embedded.stack import Stack, open_stack, start_stack

__all__ = [
    "PARTS",
    "DataFolder",
    "Endpoints",
    "Inspection",
    "Part",
    "PostgresTuning",
    "Stack",
    "find_folder",
    "inspect",
    "make_folder",
    "open_stack",
    "start_stack",
]
