"""Failures of BigQuery and of the process, at a chosen step."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from google.api_core import exceptions as google
from google.cloud.bigquery_storage_v1 import types

BEFORE: Mapping[str, Callable[[str], Exception]] = {
    "before": google.ServiceUnavailable,
    "quota": google.ResourceExhausted,
    "denied": google.PermissionDenied,
}


class Shaky:
    """A client of the write interface whose answers get lost, or that fails before it has sent anything."""

    def __init__(self, client: Any, script: list[str]) -> None:
        self._client = client
        self._script = script
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def append_rows(self, requests: Iterator[Any], **options: Any) -> Any:
        step = self._script.pop(0) if self._script else "fine"
        if step == "size":
            self.sizes.append(sum(len(types.AppendRowsRequest.serialize(request)) for request in requests))
            return [types.AppendRowsResponse()]
        if step in BEFORE:
            raise BEFORE[step]("before anything was sent")
        if step == "nothing":
            return []
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
