"""Settings of the log."""

from typing import Literal

from pydantic_settings import BaseSettings

from app.settings.declaration import setting


class LogSettings(BaseSettings):
    """What is logged, and how."""

    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "What is logged; `debug` includes the messages of faults, which may quote data.", "info"
    )
    log_format: Literal["auto", "json", "console"] = setting(
        "How it is logged; `auto` is `console` on a terminal and `json` elsewhere.", "auto"
    )
    access_log: bool = setting("Whether each request leaves a line in the log.", True)
