"""What a worker does that is told nothing."""

import pytest

from toril.worker import WorkerSettings


def test_jobs_of_a_worker_that_died_run_again_within_twenty_seconds_by_default() -> None:
    settings = WorkerSettings()
    assert settings.lock_duration + 2 * settings.stalled_interval <= 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"concurrency": 100_001},
        {"lock_duration": 0.0},
        {"stalled_interval": 86_401.0},
        {"grace": -1.0},
        {"unknown_grace": float("inf")},
        {"most_stalls": -1},
        {"most_starts": 0},
        {"metrics_minutes": 0},
        {"name": "has blanks"},
    ],
    ids=str,
)
def test_a_setting_out_of_range_is_named(wrong: dict[str, float]) -> None:
    [setting] = wrong
    with pytest.raises(ValueError, match=setting.removeprefix("name") or "worker name"):
        WorkerSettings(**wrong)  # pyright: ignore[reportArgumentType]
