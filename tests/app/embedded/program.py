"""A program that owns or joins a stack, for tests that end it in every way; `tests.servers` runs it.

Usage: program.py start|open FOLDER OWNER TUNING, with TUNING `quick`, `durable`, or `killed` for durable servers that
are killed again and again and come back each time. Says in one line of JSON when the servers are ready or why they are
not, and ends when its standard input does.
"""

import asyncio
import json
import sys
from pathlib import Path

from app.embedded import PostgresTuning, Stack, inspect, open_stack, start_stack, supervision
from app.errors import StartError

# A killed process loses nothing that the system has; only a crash of the machine would.
QUICK = PostgresTuning(durable=False, shared_buffers="16MB", max_connections=20)
DURABLE = PostgresTuning()
TUNINGS = {"quick": QUICK, "durable": DURABLE, "killed": DURABLE}


def report(line: str) -> None:
    """Tell what happens."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def ready(stack: Stack) -> None:
    """Tell where the servers are."""
    told = {
        "owner_url": stack.endpoints.owner_url,
        "database_url": stack.endpoints.database_url,
        "redis_url": stack.endpoints.redis_url,
        "identity": inspect(stack.folder.path).identity,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


async def until_end_of_input(stack: Stack) -> None:
    """Keep the servers running until standard input ends."""
    ended = asyncio.Event()

    def read() -> None:
        if not sys.stdin.read(1):
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin, read)
    supervision = asyncio.create_task(stack.supervise())
    end = asyncio.create_task(ended.wait())
    done, _ = await asyncio.wait((supervision, end), return_when=asyncio.FIRST_COMPLETED)
    stack.stop()
    for task in done:
        task.result()


def main(command: str, folder: Path, owner: str, tuning: PostgresTuning) -> None:
    """Run the program."""
    if command == "start":
        stack = start_stack(folder, owner=owner, report=report, tuning=tuning)
        ready(stack)
        asyncio.run(until_end_of_input(stack))
    else:
        with open_stack(folder, owner=owner, report=report, tuning=tuning) as stack:
            ready(stack)
            sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[4] == "killed":
        # Five kills within a minute are no reason to give up.
        supervision._WINDOW_SECONDS = 1.0
    try:
        main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], TUNINGS[sys.argv[4]])
    except StartError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        sys.exit(1)
