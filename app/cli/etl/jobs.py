"""How commands have jobs done, and show how they go on."""

from app.cli.target import say
from app.errors import StartError
from app.settings import Settings
from app.worker.doing import do_job
from etl.batch.asking import JobFailed
from etl.batch.jobs import JobRefused, Tell, Words


def done(settings: Settings, job: str, arguments: Words, tell: Tell, source_url: str | None = None) -> Words:
    """Have a job done and return its outcome; `source_url` is the database, for jobs that ask it."""
    try:
        return do_job(settings, job, arguments, tell, source_url)
    except (JobRefused, JobFailed) as error:
        raise StartError(str(error)) from None


def told(words: Words) -> None:
    """Say on standard error what a job tells on its way."""
    if "node" in words:
        say(f"{words['status']:<8} {words['node']} ({words['seconds']:.1f} s)")
    elif "note" in words:
        say(str(words["note"]))
