"""Rate limits as people write them."""

import pytest
import typer

from toril.cli.rate_limits import read_rate_limit
from toril.worker import RateLimit


@pytest.mark.parametrize(
    ("text", "limit"),
    [("100/60", RateLimit(100, 60.0)), ("1/0.5", RateLimit(1, 0.5)), ("0/0", RateLimit(0, 0.0))],
)
def test_a_limit_is_jobs_in_seconds(text: str, limit: RateLimit) -> None:
    assert read_rate_limit(text) == limit


@pytest.mark.parametrize(
    "text", ["", "100", "100/", "/60", "-1/60", "1e3/60", "1.5/60", "100/60s", "\u0661/60"]
)
def test_all_else_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="JOBS/SECONDS"):
        read_rate_limit(text)
