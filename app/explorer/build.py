"""Builds the explorer when its sources changed: `python -m app.explorer.build`.

The package registry is needed only while the locked packages are not there, and nothing at all is when the explorer
is current.
"""

import gzip
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer

from app.embedded.locks import FileLock
from app.errors import StartError
from app.explorer.location import PROJECT, STATIC, is_built
from app.explorer.stamp import digest_of, package_files, sources
from app.explorer.toolchain import Toolchain, find_toolchain, run_step

STAMP: Final = "stamp"
COMPRESSIBLE: Final = frozenset({".css", ".js", ".svg", ".ttf"})


def build_explorer(report: Callable[[str], None], project: Path = PROJECT, static: Path = STATIC) -> bool:
    """Build `project` into the folder `live` of `static`; return False when that was current already.

    Whatever interrupts it, `live` is the earlier build, the new one or missing, never a part of one.
    """
    if not (project / "package-lock.json").is_file():
        raise StartError(f"the explorer's sources are not in {project}: build it in a checkout of the gateway")
    if is_current(project, static):
        return False
    static.mkdir(parents=True, exist_ok=True)
    lock = FileLock(static / "lock")
    if not lock.try_exclusive():
        report("another build is running: waiting for it")
        lock.exclusive()
    try:
        if is_current(project, static):
            return False
        _build(report, project, static)
    finally:
        lock.release()
    return True


def is_current(project: Path = PROJECT, static: Path = STATIC) -> bool:
    """Tell whether what is served was built from the sources as they are now."""
    stamp = static / "live" / STAMP
    return is_built(stamp.parent) and stamp.is_file() and stamp.read_text() == digest_of(sources(project), project)


def _build(report: Callable[[str], None], project: Path, static: Path) -> None:
    started = time.monotonic()
    _tidy(static)
    toolchain = find_toolchain()
    stamp = digest_of(sources(project), project)
    _install_packages(report, toolchain, project)
    scratch = Path(tempfile.mkdtemp(prefix="next-", dir=static))
    try:
        report("checking types and bundling")
        modules = project / "node_modules"
        run_step("checking types", [toolchain.node, str(modules / "typescript/bin/tsc"), "--noEmit"], project)
        vite = [toolchain.node, str(modules / "vite/bin/vite.js"), "build", "--logLevel", "error"]
        run_step("vite build", [*vite, "--outDir", str(scratch), "--emptyOutDir"], project)
        _compress(scratch / "assets")
        (scratch / STAMP).write_text(stamp)
        # A temporary folder is private, but the gateway may run as another user than the one who builds.
        scratch.chmod(0o755)
        _put_live(scratch, static)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    size = sum(file.stat().st_size for file in (static / "live").rglob("*") if file.suffix != ".gz")
    report(f"built in {time.monotonic() - started:.0f} s, {size / 1e6:.1f} MB")


def _install_packages(report: Callable[[str], None], toolchain: Toolchain, project: Path) -> None:
    """Install what is locked, unless exactly that is there."""
    stamp = project / "node_modules" / f".{STAMP}"
    wanted = digest_of(package_files(project), project)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    report(f"installing its locked packages with npm (Node.js {toolchain.version})")
    # Nothing that is locked needs its install scripts, so none may run.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]
    run_step("npm ci", [*toolchain.npm, "ci", *options], project)
    stamp.write_text(wanted)


def _compress(assets: Path) -> None:
    for asset in list(assets.iterdir()):
        if asset.suffix in COMPRESSIBLE:
            content = gzip.compress(asset.read_bytes(), mtime=0)
            asset.with_name(f"{asset.name}.gz").write_bytes(content)


def _put_live(scratch: Path, static: Path) -> None:
    live, former = static / "live", static / "former"
    if live.exists():
        live.rename(former)
    scratch.rename(live)
    shutil.rmtree(former, ignore_errors=True)


def _tidy(static: Path) -> None:
    """Clear what a killed build left."""
    live, former = static / "live", static / "former"
    if former.exists() and not live.exists():
        former.rename(live)
    for leftover in (former, *static.glob("next-*")):
        shutil.rmtree(leftover, ignore_errors=True)


def main() -> None:
    """Build the explorer, telling what is done; a failure is one clear message and exit status 1."""
    try:
        if not build_explorer(lambda line: typer.echo(f"explorer: {line}")):
            typer.echo("explorer: unchanged since it was built")
    except StartError as error:
        kept = "the one built earlier stays" if is_built() else "the gateway runs without it"
        typer.echo(f"error: the explorer could not be built ({kept}): {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
