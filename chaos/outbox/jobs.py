"""The job of a transaction, and the worker that leaves nothing of it, so that its id is free again."""

from toril.jobs import Job, Keep, Queue
from toril.worker import Handlers, JobContext

turns = Queue("turns")


class Turn(Job[None], queue=turns, name="turn", keep_completed=Keep(count=0)):
    """The `number`-th transaction's."""

    number: int


handlers = Handlers()


@handlers.handles(Turn)
async def take(job: Turn, context: JobContext) -> None:
    pass
