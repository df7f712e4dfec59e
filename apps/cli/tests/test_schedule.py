"""`toril schedule list`, `show`, `set`, `remove`, `apply`."""

import json
from pathlib import Path

import pytest

from support.command_line import Toril

SWEEP = "support.sweeping:Sweep"
FAR = "2090-01-01T00:00+00:00"


def test_a_schedule_is_set_and_its_next_run_printed(toril: Toril):
    done = toril("schedule", "set", SWEEP, '{"room": "attic"}', "--cron", "0 3 * * *", "--start", FAR)

    assert (done.exit_code, done.stdout) == (0, "2090-01-01 03:00:00+00:00\n"), done.output
    listed = toril("schedule", "list", "floors")
    assert listed.stdout.splitlines() == [
        "ID\tJOB\tRUNS\tNEXT RUN\tWHEN",
        "sweep\tsweep\t1\t2090-01-01 03:00:00+00:00\t0 3 * * * UTC",
    ]


def test_every_option_reaches_the_schedule(toril: Toril):
    arguments = [
        "--every",
        "60",
        "--offset",
        "5",
        "--start",
        FAR,
        "--end",
        "2090-02-01T00:00Z",
        "--limit",
        "9",
    ]
    done = toril("schedule", "set", SWEEP, *arguments, "--id", "mine", "--priority", "3", "--json")

    record = json.loads(done.stdout)
    assert record["schedule"] == {
        "pattern": None,
        "tz": None,
        "interval": 60.0,
        "offset": 5.0,
        "start": "2090-01-01T00:00:00+00:00",
        "end": "2090-02-01T00:00:00+00:00",
        "limit": 9,
    }
    assert (record["id"], record["data"]) == ("mine", {"room": "hall", "failures": 0})
    assert record["next_run"] == "2090-01-01T00:00:00+00:00"
    [listed] = toril("schedule", "list", "floors", "--json").stdout.splitlines()
    shown = toril("schedule", "show", "floors", "mine", "--json").stdout
    assert json.loads(listed) == json.loads(shown) == record
    job = json.loads(toril("job", "floors", record["next_job_id"], "--json").stdout)
    assert job["priority"] == 3


def test_one_schedule_is_shown(toril: Toril):
    toril("schedule", "set", SWEEP, "--cron", "@daily", "--tz", "Europe/Berlin", "--end", FAR)
    shown = toril("schedule", "show", "floors", "sweep")

    assert shown.exit_code == 0, shown.output
    assert "@daily Europe/Berlin" in shown.stdout
    assert '"room":"hall"' in shown.stdout


def test_cron_may_begin_at_once(toril: Toril):
    toril("schedule", "set", SWEEP, "--cron", "@yearly", "--immediately")

    assert json.loads(toril("queues", "--json").stdout)["counts"]["waiting"] == 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ([], "pattern"),
        (["--cron", "0 3 * * *", "--every", "5"], "pattern"),
        (["--cron", "61 * * * *"], "pattern"),
        (["--cron", "0 3 * * *", "--tz", "Mars/Olympus"], "tz"),
        (["--every", "0"], "interval"),
        (["--every", "5", "--offset", "9"], "offset"),
        (["--every", "5", "--start", "2090-01-01"], "start"),
        (["--every", "5", "--end", "2001-01-01T00:00Z"], "end"),
        (["--every", "5", "--limit", "0"], "limit"),
        (["--every", "5", "--id", "a:b"], "id"),
    ],
)
def test_what_cannot_be_kept_is_bad_input_and_the_part_at_fault_is_named(
    toril: Toril, arguments: list[str], field: str
):
    refused = toril("schedule", "set", SWEEP, *arguments)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"error: schedule {field}=")
    assert refused.stderr.count("\n") == 1
    assert toril("queues").stdout == ""


def test_a_time_that_cannot_be_read_is_bad_input(toril: Toril):
    refused = toril("schedule", "set", SWEEP, "--every", "5", "--start", "tomorrow")

    assert (refused.exit_code, refused.stderr.splitlines()) == (
        2,
        ["error: --start 'tomorrow' is no time: write it as 2026-12-01T08:00+01:00"],
    )


def test_a_schedule_is_removed_with_its_next_run_if_that_is_confirmed(toril: Toril):
    toril("schedule", "set", SWEEP, "--every", "60", "--start", FAR)
    unasked = toril("schedule", "remove", "floors", "sweep")
    removed = toril("schedule", "remove", "floors", "sweep", "--yes", "--json")
    again = toril("schedule", "remove", "floors", "sweep", "--yes")

    assert (unasked.exit_code, removed.exit_code, again.exit_code) == (2, 0, 6)
    assert json.loads(removed.stdout) == {"queue": "floors", "id": "sweep", "removed": True}
    assert "has no schedule 'sweep'" in again.stderr
    assert json.loads(toril("queues", "--json").stdout)["counts"]["delayed"] == 0
    assert toril("schedule", "show", "floors", "sweep").exit_code == 6
    assert toril("schedule", "list", "floors").stderr == "queue 'floors' has no schedules\n"


def test_a_queue_that_nobody_has_used_is_not_found(toril: Toril):
    for command in (["list", "floors"], ["show", "floors", "sweep"], ["remove", "floors", "sweep", "--yes"]):
        missing = toril("schedule", *command)
        assert missing.exit_code == 6
        assert "there is no queue 'floors'" in missing.stderr


def test_declared_schedules_are_applied_once(toril: Toril):
    first, again = (toril("schedule", "apply", "support.sweeping", "--json") for _ in range(2))

    first, again = json.loads(first.stdout), json.loads(again.stdout)
    assert (first["queue"], first["id"], first["changed"], again["changed"]) == (
        "floors",
        "sweep",
        True,
        False,
    )
    assert again["record"]["next_run"] == first["record"]["next_run"]
    table = toril("schedule", "apply", "support.sweeping").stdout.splitlines()
    assert table[0] == "QUEUE\tID\tCHANGED\tNEXT RUN"
    assert table[1].startswith("floors\tsweep\tno\t")


def test_a_module_that_declares_no_schedule_says_so(toril: Toril):
    nothing = toril("schedule", "apply", "support.jobs")

    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert nothing.stderr == "no contract of support.jobs declares a schedule\n"


@pytest.mark.parametrize("module", ["nowhere.contracts", "support.jobs:Paint", "support.waiting"])
def test_a_module_without_contracts_is_bad_input(toril: Toril, folder: Path, module: str):
    refused = toril("schedule", "apply", module)

    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: ")
