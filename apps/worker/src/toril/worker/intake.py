"""Keeping a worker supplied: round trips that settle what has ended and take what comes next."""

import asyncio
import time
from collections.abc import Callable

from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.errors import BrokerMisconfigured, BrokerUnavailable, BullError
from toril.bull.intake import Intake, Taken, TakenJob
from toril.bull.marker import Marker
from toril.bull.outage import Outage
from toril.bull.outcomes import Outcome
from toril.worker import log
from toril.worker.bell import Bell
from toril.worker.locks import LockKeeper
from toril.worker.monitoring.tally import Tally
from toril.worker.settling import Settling
from toril.worker.supply import Supply

# How long an idle worker sleeps at most before it looks by itself: it promotes delayed jobs by that, should
# the worker that owned the wake-up have died (bullmq-protocol §5.2), and notices a line that swallows all.
LONGEST_SLEEP = 5.0

# Results may be large and lines slow: if Redis has not answered in time, it has longer for them, by bytes a
# second.
SLOWEST_LINE = 1_000_000
# But the locks of jobs that are taken on that occasion would run out meanwhile.
LONGEST_PATIENCE_TO_TAKE = 1.0


class IntakeLoop:
    """Exchanges outcomes for jobs.

    Nothing waits for a batch to fill: an outcome that finds no round trip under way goes at once, and what
    gathers meanwhile goes together in the next. Several exchanges may be under way, so that Redis works on
    one while Python works on the jobs of another.

    Args:
        start: starts the jobs that were taken; called from the exchange, must not block.
        tally: counts what the exchanges bring.
    """

    def __init__(
        self,
        queue: str,
        settling: Settling,
        supply: Supply,
        locks: LockKeeper,
        outage: Outage,
        start: Callable[[list[TakenJob]], None],
        tally: Tally,
    ) -> None:
        self._queue = queue
        self._settling = settling
        self._supply = supply
        self._locks = locks
        self._outage = outage
        self._start = start
        self._tally = tally
        self._bell = Bell()
        self._idle = asyncio.Event()
        self._closing = False
        self._under_way: dict[Intake, list[Outcome]] = {}

    def settle(self, outcome: Outcome) -> None:
        """Has an outcome settled with the next round trip."""
        self._settling.waiting.append(outcome)
        self._bell.ring()

    def look_again(self) -> None:
        """Has somebody look for jobs: some may have come, or places have become free."""
        self._supply.expect_more()
        self._note_idleness()
        self._bell.ring()

    def place_freed(self) -> None:
        """A job runs no longer, and there is no outcome to settle."""
        if self._closing:
            self._bell.ring_all()
        elif self._supply.is_worth_a_look:
            self._bell.ring()
        elif self._supply.is_idle:
            self._idle.set()

    def close(self) -> None:
        """Takes no more jobs; exchanges end once nothing runs and all is settled."""
        self._closing = True
        self._supply.close()
        self._bell.ring_all()

    def unsettled(self) -> list[str]:
        """The ids of the jobs whose outcomes Redis has not accepted, so far as is known."""
        sent = [outcome.job_id for batch in self._under_way.values() for outcome in batch]
        return sent + [outcome.job_id for outcome in self._settling.waiting]

    async def exchange(self, intake: Intake) -> None:
        """Goes on exchanging over one connection until the loop is closed and nothing is left to settle."""
        waiting, supply, bell = self._settling.waiting, self._supply, self._bell
        while True:
            while not (waiting or supply.is_worth_a_look):
                if self._closing and supply.running == 0:
                    return
                await bell.wait()
            batch = self._settling.next_batch(MOST_JOBS_A_SCRIPT)
            places, news = supply.reserve()
            self._under_way[intake] = batch
            try:
                taken = await intake.settle_and_take(batch, places)
            except BullError as error:
                taken = await self._exchange_again(intake, batch, places, error)
            else:
                self._outage.over()
                if taken.refused:
                    self._settling.judge(taken.refused, in_doubt=False)
            self._locks.exchanged(batch, taken.jobs)
            if taken.jobs:
                self._start(taken.jobs)
            supply.note(taken, places, news)
            self._tally.exchanged(batch, taken.refused, taken.jobs)
            del self._under_way[intake]
            self._note_idleness()
            if self._closing:
                bell.ring_all()
            elif bell.is_heard and (waiting or supply.is_worth_a_look):
                bell.ring()

    async def watch(self, marker: Marker) -> None:
        """Wakes the exchanges when work comes while the worker is idle."""
        while True:
            await self._idle.wait()
            try:
                woken = await self._sleep(marker)
            except BullError as error:
                await self._outage.endure(error)
                woken = True
            else:
                self._outage.over()
            if woken:
                self.look_again()

    def _note_idleness(self) -> None:
        # While a rate limit holds, somebody must go on sleeping towards its end, whatever may have come.
        if self._supply.is_idle:
            self._idle.set()
        else:
            self._idle.clear()

    async def _exchange_again(
        self, intake: Intake, batch: list[Outcome], places: int, error: BullError
    ) -> Taken:
        """An exchange that failed, tried until Redis answers; what was taken or settled already is found."""
        reclaimed: list[TakenJob] = []
        in_doubt = False
        patience = 0.0
        while True:
            await self._outage.endure(error)
            if isinstance(error, BrokerUnavailable | BrokerMisconfigured):
                in_doubt = True
                patience = sum(outcome.size for outcome in batch) / SLOWEST_LINE
            else:
                # Redis runs, but refuses: what it has against one job must not hold up the others for long.
                await self._settle_one_by_one(intake, batch)
                batch = []
            try:
                reclaimed += await intake.reclaim()
                wanted = max(places - len(reclaimed), 0) if patience < LONGEST_PATIENCE_TO_TAKE else 0
                taken = await intake.settle_and_take(batch, wanted, patience=patience)
            except BullError as fault:
                error = fault
                continue
            self._outage.over()
            self._settling.judge(taken.refused, in_doubt=in_doubt)
            return taken._replace(jobs=reclaimed + taken.jobs)

    async def _settle_one_by_one(self, intake: Intake, batch: list[Outcome]) -> None:
        """Settles what Redis refused as a whole; an outcome that it refuses by itself is told and dropped."""
        for outcome in batch:
            try:
                alone = await self._settle_alone(intake, outcome)
            except BullError as error:
                log.outcome_refused(self._queue, outcome.job_id, type(outcome).__name__, str(error))
            else:
                self._settling.judge(alone.refused, in_doubt=True)
            self._locks.exchanged([outcome], [])

    async def _settle_alone(self, intake: Intake, outcome: Outcome) -> Taken:
        """A Redis that is gone meanwhile, or where another's function answers, has refused nothing."""
        while True:
            try:
                return await intake.settle_and_take([outcome], 0)
            except (BrokerUnavailable, BrokerMisconfigured) as error:
                await self._outage.endure(error)

    async def _sleep(self, marker: Marker) -> bool:
        """Sleeps as long as nothing can be due; whether it is time to look."""
        if self._supply.limited_for > 0:
            await asyncio.sleep(self._supply.limited_for)
            return True
        due = self._supply.next_due
        pause = LONGEST_SLEEP if due is None else min(due - time.time(), LONGEST_SLEEP)
        if pause <= 0:
            return True
        woken_for = await marker.wait(pause)
        if woken_for is None:
            return True
        if self._supply.free <= 0:
            # The places were filled while this worker slept, or it was paused: somebody else is to wake up.
            await marker.pass_on()
            return True
        if woken_for > time.time():
            self._supply.expect_at(woken_for)
            return False
        return True
