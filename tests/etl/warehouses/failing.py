"""Failures of BigQuery and of the process, at a chosen step."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core import exceptions as google


class Shaky:
    """A client of the write interface whose answers get lost, or that fails before it has sent anything."""

    def __init__(self, client: Any, script: list[str]) -> None:
        self._client = client
        self._script = script

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def append_rows(self, requests: Iterator[Any], **options: Any) -> Any:
        step = self._script.pop(0) if self._script else "fine"
        if step == "before":
            raise google.ServiceUnavailable("before anything was sent")
        answers = list(self._client.append_rows(requests, **options))
        if step == "after":
            raise google.DeadlineExceeded("after everything was done")
        return answers


def failing_once(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Let a function do its work, and then fail as if the process had ended."""
    module, name = place.rsplit(".", 1)
    holder = __import__(module.rsplit(".", 1)[0], fromlist=["x"])
    owner = getattr(holder, module.rsplit(".", 1)[1])
    work: Callable[..., Any] = getattr(owner, name)

    def fail(*arguments: Any, **options: Any) -> Any:
        work(*arguments, **options)
        monkeypatch.setattr(owner, name, work)
        raise RuntimeError("the process ended here")

    monkeypatch.setattr(owner, name, fail)
