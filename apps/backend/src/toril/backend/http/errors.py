"""What can go wrong between a client and the gateway; problems.py says how each is answered.

GatewayError
├── Unauthorized            no API key, or one that is not known
├── Forbidden               the key may not do this, or not in this queue
├── ForeignHost             a request that was meant for another host: a browser may have been misled
├── ForeignOrigin           a web page of elsewhere asks
├── UnknownRoute            nothing is at this address
├── MethodNotAllowed        something is at this address, and cannot be done there
├── NotAcceptable           the client wants another media type than there is
├── UnsupportedMediaType    the client sends another media type than is read
├── UnknownQueue            no contract of the gateway is for this queue
├── UnknownJobName          no contract of this queue has this name
├── ScheduleNotFound        a queue has no schedule of this id
├── BodyTooLarge            a request, or a line of a batch, has too many bytes
├── BodyTooSlow             a request did not arrive in time
├── InvalidLine             a line of a batch that does not say which job it is
├── IdempotencyKeyReused    a key that stands for a job with another payload
├── TooManyRequests         this client has too many requests under way
├── Overloaded              the gateway has
├── NotReady                Redis does not answer at once
└── GatewayNotStarted       the gateway was asked before its application started
"""

from collections.abc import Iterable


class GatewayError(Exception):
    """Anything that toril.backend.http raises on purpose."""


class Unauthorized(GatewayError):
    """No API key, or one that is not known."""

    def __init__(self) -> None:
        super().__init__("send an API key: Authorization: Bearer toril_…; `toril key create` makes one")


class Forbidden(GatewayError):
    """The key may not do this, or not in this queue; `lacking` is what it would need."""

    def __init__(self, lacking: str) -> None:
        self.lacking = lacking
        super().__init__(f"this caller lacks {lacking}")


class ForeignHost(GatewayError):
    """A request that was meant for another host: a browser may have been misled by a name that leads here."""

    def __init__(self, host: str) -> None:
        self.host = host[:100]
        super().__init__("the gateway listens on this machine only, and not by this name; see --allow-host")


class ForeignOrigin(GatewayError):
    """A web page of elsewhere asks, and was not allowed to."""

    def __init__(self, origin: str) -> None:
        self.origin = origin[:100]
        super().__init__("web pages of other origins may not call this gateway; see --cors-origin")


class UnknownRoute(GatewayError):
    """Nothing is at this address."""

    def __init__(self) -> None:
        super().__init__("nothing is at this address; /openapi.json describes all that there is")


class MethodNotAllowed(GatewayError):
    """Something is at this address, and cannot be done there; `allowed` are the methods that can."""

    def __init__(self, allowed: str) -> None:
        self.allowed = allowed
        super().__init__(f"this address takes {allowed}" if allowed else "this address does not take that")


class NotAcceptable(GatewayError):
    """The client wants another media type than there is."""

    def __init__(self, offered: str) -> None:
        self.offered = offered
        super().__init__(f"the answer is {offered}: accept that")


class UnsupportedMediaType(GatewayError):
    """The client sends another media type than is read."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(f"send it as Content-Type: {wanted}")


class UnknownQueue(GatewayError, LookupError):
    """No contract of the gateway is for this queue."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        super().__init__(f"no contract of this gateway is for a queue {queue[:100]!r}")


class UnknownJobName(GatewayError, LookupError):
    """No contract of this queue has this name; `known` are those there are."""

    def __init__(self, queue: str, name: str, known: Iterable[str]) -> None:
        self.queue = queue
        self.name = name
        self.known = tuple(known)
        super().__init__(f"queue {queue!r} has no contract {name[:100]!r}; it has {', '.join(self.known)}")


class ScheduleNotFound(GatewayError, LookupError):
    """A queue has no schedule of this id."""

    def __init__(self, queue: str, schedule_id: str) -> None:
        self.queue = queue
        self.schedule_id = schedule_id
        super().__init__(f"queue {queue!r} has no schedule {schedule_id[:100]!r}")


class BodyTooLarge(GatewayError):
    """A request, or a line of a batch, has more than `most` bytes."""

    def __init__(self, what: str, most: int) -> None:
        self.what = what
        self.most = most
        super().__init__(f"{what} has more than {most:,} bytes")


class BodyTooSlow(GatewayError):
    """A request did not arrive in time."""

    def __init__(self, within: float) -> None:
        self.within = within
        super().__init__(f"the request, or its next part, did not come within {within:g} s: send it faster")


class InvalidLine(GatewayError, ValueError):
    """A line of a batch that does not say which job it is; `problems` are its fields and what is wrong."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("the line is no job: it needs a queue, a name and data")


class IdempotencyKeyReused(GatewayError):
    """A key that stands for a job with another payload."""

    def __init__(self, queue: str, job_id: str) -> None:
        self.queue = queue
        self.job_id = job_id
        super().__init__("this Idempotency-Key was sent with another payload before: send a new key with it")


class TooManyRequests(GatewayError):
    """This client has more than `most` requests under way."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"this key has {most:,} requests under way: wait until some are answered")


class Overloaded(GatewayError):
    """The gateway has as many requests under way as it takes."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"the gateway has {most:,} of these under way: come back in a moment")


class NotReady(GatewayError):
    """Redis does not answer at once."""

    def __init__(self, within: float) -> None:
        self.within = within
        super().__init__(f"the broker did not answer within {within:g} s")


class GatewayNotStarted(GatewayError, RuntimeError):
    """The gateway was asked before its application started, or it is no part of it."""

    def __init__(self) -> None:
        super().__init__(
            "the gateway has not been started: include job_router(…) in the application, "
            "and let its server run the lifespan"
        )
