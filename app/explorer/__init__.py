"""The explorer: GraphiQL for people with a browser, built from `explorer/` and served by the gateway itself."""

from app.explorer.demo import DemoToken
from app.explorer.location import is_built
from app.explorer.page import explorer_page
from app.explorer.routes import explorer_routes

__all__ = ["DemoToken", "explorer_page", "explorer_routes", "is_built"]
