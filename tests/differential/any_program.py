"""How hypothesis draws programs: mostly plain work, with a little of everything that can happen to it."""

from itertools import chain
from typing import Any

from differential.jobs import TOKEN
from differential.programs import (
    ENDINGS,
    Add,
    AddFlow,
    AddWithKey,
    Cancel,
    ContinueSchedules,
    Drain,
    Elsewhere,
    Ending,
    LoseLock,
    RecoverStalled,
    RemoveChildren,
    RenewLocks,
    SetSchedule,
    Settle,
    Steer,
    Tell,
    Wait,
    Work,
)
from differential.side import Worker
from hypothesis import strategies as st

from toril.bull.intake import RateLimit
from toril.types import Backoff, Deduplicate, JobState, Keep

one_of = st.sampled_from

ids = one_of(["a", "b", "c", "d"])
places = st.integers(0, 4)
keeps = one_of([None, None, Keep(0), Keep(1), Keep(2), Keep(age=2.0), Keep(3, 1.0)])
flags = one_of([None, "fpof", "cpof", "idof", "rdof"])
others_options: st.SearchStrategy[dict[str, Any]] = one_of(
    [{}, {}, {"delay": 1000}, {"priority": 2}, {"lifo": True}, {"delay": 1000, "priority": 2}]
)
deduplication_modes: st.SearchStrategy[dict[str, Any]] = one_of(
    [
        {},
        {"ttl": 60_000},
        {"ttl": 60_000, "extend": True},
        {"replace": True},
        {"keepLastIfActive": True},
        {"keepLastIfActive": True, "replace": True, "ttl": 60_000},
    ]
)
our_deduplications = one_of(
    [
        Deduplicate("red"),
        Deduplicate("red", 60.0),
        Deduplicate("red", 60.0, extend=True, replace=True),
        Deduplicate("blue", replace=True),
        Deduplicate("blue", keep_last=True),
        Deduplicate("red", keep_last=True, replace=True),
    ]
)
jobs = st.fixed_dictionaries(
    {},
    optional={
        "delay": one_of([0.001, 1.0, 1.0, 5.0]),
        "priority": one_of([1, 1, 2, 2**21 - 1]),
        "lifo": one_of([True]),
        "job_id": ids,
        "attempts": st.integers(1, 3),
        "backoff": one_of([Backoff("exponential", 1.0, 0.5)]),
        "keep_completed": keeps,
        "deduplicate": our_deduplications,
    },
)
# BullMQ writes over a job that has taken the id of a duplicate which is kept for later.
safe_jobs = jobs.filter(lambda options: "job_id" not in options or "deduplicate" not in options)
batches = st.lists(st.one_of(st.just({}), safe_jobs), min_size=1, max_size=3)
endings = st.builds(
    Ending,
    how=one_of(["completed"] * 4 + ["failed"] * 2 + [*ENDINGS]),
    which=one_of([0, 0, 0, 1, 1, 1, 2, 2, 3, 4] * 2 + ["a", "1", "nobody"]),
    keep=keeps,
    delay=one_of([0.0, 1.0, 2.5]),
    token=one_of([TOKEN] * 15 + ["another"]),
)
adding = st.one_of(
    batches.map(Add),
    batches.map(Add),
    st.builds(AddWithKey, key=one_of(["red", "blue"]), mode=deduplication_modes, options=others_options),
    st.builds(
        AddFlow,
        flags=st.lists(flags, min_size=1, max_size=3),
        parent_id=one_of(["p", "q"]),
        elsewhere=st.booleans(),
        options=others_options,
    ),
)
working = st.one_of(
    st.builds(
        Work,
        takes=st.integers(1, 5),
        hows=st.lists(one_of(["completed"] * 3 + [*ENDINGS]), min_size=1, max_size=3),
        keep=keeps,
        capacity=st.integers(0, 3),
    ),
    st.builds(Settle, endings=st.just([]), capacity=st.integers(1, 5)),
    st.builds(Settle, endings=st.lists(endings, min_size=1, max_size=6), capacity=st.integers(0, 5)),
    st.builds(Settle, endings=st.lists(endings, min_size=1, max_size=3), capacity=st.integers(1, 3)),
)
passing = st.one_of(
    places.map(LoseLock),
    st.builds(RecoverStalled),
    one_of([TOKEN, TOKEN, "another"]).map(RenewLocks),
    st.builds(Tell, job_id=one_of(["a", "b", "1", "2"]), fraction=one_of([0.0, 0.25, 1.0])),
    one_of(["a", "b", "1", "2", "3", "4", "5"]).map(Cancel),
    one_of([0.001, 0.5, 1.0, 3.0, 70.0]).map(Wait),
)


numbered = one_of(["1", "2", "3", "4", "5"])
named = st.one_of(numbered, one_of(["a", "b", "p"]))


def _steered(operation: str, *words: Any, ids: st.SearchStrategy[str] = named) -> st.SearchStrategy[Steer]:
    """One job steered: any, in whatever state it is."""
    return ids.map(lambda job_id: Steer(operation, (job_id, *words)))


# What is left of a job that was removed while it ran must not be found by another one of its id.
CLEANED = [state for state in JobState if state not in (JobState.WAITING_CHILDREN, JobState.ACTIVE)]


steering_jobs = st.one_of(
    _steered("retry"),
    _steered("retry", True, True),
    _steered("promote"),
    _steered("change_delay", 0.0),
    _steered("change_delay", 2.0),
    _steered("change_priority", 0),
    _steered("change_priority", 1, True),
    _steered("change_priority", 2),
    _steered("update_data", b'{"n":3}'),
    _steered("detach"),
    _steered("remove", False, ids=numbered),
    _steered("remove", True, ids=numbered),
    one_of(["p", "q"]).map(RemoveChildren),
    one_of(["red", "blue"]).map(lambda key: Steer("release_deduplication", (key,))),
)
steering = one_of(
    [
        Drain(),
        Drain(include_delayed=True),
        *[Steer("clean", (state,)) for state in CLEANED],
        Steer("promote_all"),
        Steer("pause"),
        *[Steer("resume")] * 4,
        Steer("set_concurrency", (1,)),
        Steer("set_concurrency", (3,)),
        *[Steer("set_concurrency", (None,))] * 4,
        Steer("set_rate_limit", (1, 60.0)),
        Steer("set_rate_limit", (3, 90.0)),
        *[Steer("set_rate_limit", (None,))] * 4,
        Steer("limit_rate_for", (70.0,)),
        Steer("end_rate_limit"),
        *[Steer("forget", ("limiter",))] * 4,
        Steer("forget", ("marker",)),
    ]
)
scheduling = st.one_of(
    st.builds(
        SetSchedule, name=one_of(["tick", "minutely"]), options=one_of([{}, {"attempts": 2}, {"priority": 2}])
    ),
    st.builds(ContinueSchedules),
)
workers = one_of(
    [
        Worker(),
        Worker(),
        Worker(name=None, most_stalls=0),
        Worker(limit=RateLimit(3, 80.0)),
        Worker(metrics_minutes=2),
    ]
)
steps = st.one_of(
    scheduling, *[adding] * 4, *[working] * 8, passing, passing, steering, steering_jobs, steering_jobs
)
anywhere = st.one_of(steps, steps, steps, steps, steps.map(Elsewhere))
# Lists of lists, because hypothesis draws lists short; they are strung together.
programs = st.lists(st.lists(anywhere, max_size=16), max_size=10).map(lambda parts: list(chain(*parts)))
