"""What handlers elsewhere may call for, and who carries it out."""

from toril.bull.children import EndedChild, JobChildren
from toril.bull.feedback import JobFeedback
from toril.bull.intake import TakenJob
from toril.worker.context import JobContext
from toril.worker.isolation.messages import Call, Log, Progress, ReadChildren, Save, WaitForChildren


class Calls:
    """Carries out the calls of one queue's handlers."""

    def __init__(self, feedback: JobFeedback, children: JobChildren) -> None:
        self._feedback = feedback
        self._children = children

    async def perform(self, call: Call, job: TakenJob, context: JobContext) -> list[EndedChild] | None:
        """Does what is asked; raises what the same method of `JobContext` raises."""
        match call:
            case Progress(fraction=fraction, note=note):
                await context.progress(fraction, note)
            case Log(line=line):
                await context.log(line)
            case Save(body=payload):
                await self._feedback.save(job.id, payload)
            case WaitForChildren():
                await context.wait_for_children()
            case ReadChildren():
                return await self._children.ended(job.id)
        return None
