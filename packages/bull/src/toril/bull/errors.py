"""What can go wrong on the wire.

BullError
├── InvalidQueueName      a queue name that cannot be part of a key
├── InvalidEvent          an event of one's own that would mislead those who read it
├── InvalidQuery          a question that no queue can answer
├── InvalidBrokerURL      a URL that does not say where Redis is
├── BrokerUnavailable     Redis cannot be reached, does not answer, or refuses to serve
│   └── BrokerUnreachable  no connection could be made: nothing was sent
├── BrokerMisconfigured   Redis answers, but jobs would not be safe in it
├── CommandRefused        Redis refused a command as such: a bug of ours, or a permission that is missing
├── EmbeddedBrokerFailed  the private broker did not start, or its data folder is in use
├── FlowTooLarge          more jobs in one flow than can be added in one step
├── FlowRefused           a job that exists already cannot become the child of a flow
├── InvalidSetting        a value by which no queue or job can be steered
├── QueueNotPaused        what would destroy a queue, asked of one that workers take jobs from
├── QueueBusy             the same, while jobs run
├── ScheduleBusy          a schedule whose next run would stand where a job of it stands already
├── ForeignSchedule       a schedule that only a Node worker knows how to continue
├── JobNotFound           no such job in this queue
├── JobLocked             a job that a worker holds, or one of whose children
└── WrongState            a job that does not stand where this can be done to it
    └── JobNotCancellable  a job that has ended, or waits for its children

BrokerWarning             Redis answers, but jobs may not be safe in it (a warning, not an error)
"""


class BullError(Exception):
    """Anything that toril.bull raises on purpose."""


class InvalidQueueName(BullError, ValueError):
    """A queue name that cannot be part of a Redis key."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        super().__init__(f"queue name {queue!r}: it must not be empty and must not contain ':'")


class InvalidEvent(BullError, ValueError):
    """An event of one's own that would mislead those who read it, or is too large."""

    def __init__(self, event: str, rule: str) -> None:
        self.event = event
        self.rule = rule
        super().__init__(f"event {event[:100]!r} is not published: {rule}")


class InvalidQuery(BullError, ValueError):
    """A question that no queue can answer; `parameter` is what has to be changed."""

    def __init__(self, parameter: str, value: object, rule: str) -> None:
        self.parameter = parameter
        self.value = value
        self.rule = rule
        super().__init__(f"{parameter}={value!r}: {rule}")


class InvalidBrokerURL(BullError, ValueError):
    """A URL that does not say where Redis is; its text is not shown, as it may hold a password."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(
            f"the Redis URL is not valid: {rule}; expected redis://host:6379/0, rediss://… or unix:///path"
        )


class BrokerUnavailable(BullError, ConnectionError):
    """Redis cannot be reached, does not answer in time, or refuses to serve."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(f"Redis at {address} is not available: {reason}")


class BrokerUnreachable(BrokerUnavailable):
    """No connection to Redis could be made: nothing was sent to it."""


class BrokerMisconfigured(BullError):
    """Redis answers, but is set up so that jobs could get lost."""

    def __init__(self, address: str, fault: str, remedy: str) -> None:
        self.address = address
        self.fault = fault
        self.remedy = remedy
        super().__init__(f"Redis at {address} {fault}; {remedy}")


class BrokerWarning(UserWarning):
    """Redis answers, but is set up so that jobs could get lost, or does not tell whether it is."""


class CommandRefused(BullError):
    """Redis refused a command as such; `command` is the command's or the script's name."""

    def __init__(self, address: str, command: str, reason: str) -> None:
        self.address = address
        self.command = command
        self.reason = reason
        super().__init__(f"Redis at {address} refused {command}: {reason}")


class EmbeddedBrokerFailed(BullError):
    """The private broker did not start, or its data folder is in use by another owner."""

    def __init__(self, data: str, reason: str) -> None:
        self.data = data
        self.reason = reason
        super().__init__(f"the embedded broker in {data} failed: {reason}")


class FlowTooLarge(BullError, ValueError):
    """A flow is added in one step, which may not hold Redis up for long; `size` is more than `most`."""

    def __init__(self, size: str, most: str) -> None:
        self.size = size
        self.most = most
        super().__init__(
            f"the flow has {size}, and one step adds {most} at most: let its parent add the children as it "
            "runs, by context.add_children() and context.wait_for_children(), which take any number"
        )


class FlowRefused(BullError):
    """A job that exists already cannot become a child as its flow asks; nothing of the flow was added."""

    def __init__(self, queue: str, job_id: str, reason: str) -> None:
        self.queue = queue
        self.job_id = job_id
        self.reason = reason
        super().__init__(
            f"job {job_id!r} of queue {queue!r} cannot become a child in this flow: {reason}; "
            "give the child another job_id"
        )


class ScheduleBusy(BullError):
    """A schedule cannot be set: a job of it, perhaps one that runs, stands where its next run would."""

    def __init__(self, queue: str, schedule_id: str) -> None:
        self.queue = queue
        self.schedule_id = schedule_id
        super().__init__(
            f"schedule {schedule_id!r} of queue {queue!r} was not changed: there is a job at the time of its "
            "next run; set it again when that job has ended and is removed, or give it another id"
        )


class ForeignSchedule(BullError):
    """A schedule that we do not know how to continue, or whose next times are all taken."""

    def __init__(self, queue: str, schedule_id: str, reason: str) -> None:
        self.queue = queue
        self.schedule_id = schedule_id
        self.reason = reason
        super().__init__(f"schedule {schedule_id!r} of queue {queue!r} cannot be continued here: {reason}")


class JobNotFound(BullError, LookupError):
    """No such job in this queue: never added, or finished and removed."""

    def __init__(self, queue: str, job_id: str) -> None:
        self.queue = queue
        self.job_id = job_id
        super().__init__(f"queue {queue!r} has no job {job_id!r}: it was never added, or it was removed")


class InvalidSetting(BullError, ValueError):
    """A value by which no queue or job can be steered."""

    def __init__(self, setting: str, value: object, rule: str) -> None:
        self.setting = setting
        self.value = value
        self.rule = rule
        super().__init__(f"{setting}={value!r}: {rule}")


class QueueNotPaused(BullError):
    """A queue that is to be destroyed must be paused: workers could take what is being removed."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        super().__init__(f"queue {queue!r} is not paused: pause it before it is obliterated")


class QueueBusy(BullError):
    """Jobs run in a queue that is to be destroyed."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        super().__init__(f"jobs of queue {queue!r} still run: wait for their end, or say force to lose them")


class JobLocked(BullError):
    """A job that a worker holds, or one of whose children; `holder` is the key of the one that is held."""

    def __init__(self, queue: str, job_id: str, holder: str) -> None:
        self.queue = queue
        self.job_id = job_id
        self.holder = holder
        held = "it" if holder.endswith(f":{queue}:{job_id}") else f"its child {holder}"
        super().__init__(
            f"job {job_id!r} of queue {queue!r} cannot be removed: a worker holds {held}; "
            "try again when that has ended"
        )


class WrongState(BullError):
    """A job that does not stand where this can be done to it; `state` is where it stands, in words."""

    def __init__(self, queue: str, job_id: str, action: str, state: str) -> None:
        self.queue = queue
        self.job_id = job_id
        self.action = action
        self.state = state
        super().__init__(f"job {job_id!r} of queue {queue!r} cannot be {action}: it is {state}")


class JobNotCancellable(WrongState):
    """A job that neither waits to be started nor runs; `state` is where it stands, or "scheduled"."""

    def __init__(self, queue: str, job_id: str, state: str) -> None:
        super().__init__(queue, job_id, "cancelled", state)
