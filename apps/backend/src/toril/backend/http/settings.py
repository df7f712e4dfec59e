"""What a gateway allows, and how long it takes for things."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Bounds, each with a default that suits a process of its own. Durations are seconds, sizes bytes.

    Attributes:
        largest_body: of a request; a contract's `size_limit` may say less.
        largest_line: of a batch, which as a whole may be of any length.
        longest_wait: how long a request may wait for a result.
        heartbeat: how often an event stream in which nothing happens gives a sign of life.
        most_requests: how many requests are answered at once; one more is told to come back (503).
        most_streams: how many event streams are open at once; likewise.
        most_per_key: how many requests and streams of them one API key may have (429).
        idempotency_window: for how long an `Idempotency-Key` stands for the job that was added with it.
        cors_origins: the web pages' origins that browsers may call from; none by default.

    Raises:
        ValueError: a bound that is not above 0.
    """

    largest_body: int = 4 * 1024 * 1024
    largest_line: int = 1024 * 1024
    longest_wait: float = 60.0
    heartbeat: float = 15.0
    most_requests: int = 1_000
    most_streams: int = 5_000
    most_per_key: int = 500
    idempotency_window: float = 86_400.0
    cors_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not 0 < value < float("inf"):
                raise ValueError(f"{name}={value!r}: it must be above 0")
