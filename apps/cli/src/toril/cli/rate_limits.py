"""A rate limit, as people write it: 100/60 is a hundred jobs a minute."""

import re

import typer

from toril.bull.intake import RateLimit

_WRITTEN = re.compile(r"([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,3})?)")


def read_rate_limit(text: str) -> RateLimit:
    """The limit that `text` says.

    Raises:
        BadParameter: it is not JOBS/SECONDS.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not JOBS/SECONDS, as in 100/60")
    return RateLimit(int(found[1]), float(found[2]))
