"""What can go wrong in a command; `verdicts.py` says what each error comes to.

CommandError
├── BadInput          JSON that cannot be read
├── NotConfirmed      what destroys jobs was not agreed to
├── NoBroker          nothing to read from: no URL was given, and no embedded broker runs
├── BrokerRuns        the data folder has a broker already
├── BrokerEnded       the embedded broker ended by itself
├── NoDatabase        no database to read from: none was named, and no embedded one runs
├── DatabaseRuns      the data folder has an embedded PostgreSQL already
├── DatabaseEnded     the embedded PostgreSQL ended by itself
├── AddressTaken      the gateway cannot listen where it was told to
├── KeysMissing       the gateway would be reached from elsewhere, and knows no key
├── QueueNotFound     nobody has ever used a queue of this name
├── ScheduleNotFound  a queue has no schedule of this id
├── ResultTimedOut    the awaited job has not ended in time
├── MembersFailed     worker processes ended for good, and not well
├── EnvironmentFailed the environment of a walled-off worker cannot be made
├── SessionRuns       another `toril dev` is at work on the data folder
└── PartEnded         a process that `toril dev` keeps running ended for good
"""

from toril.cli.exit_codes import ExitCode


class CommandError(Exception):
    """Anything that toril.cli raises on purpose."""

    exit_code = ExitCode.FAILED


class BadInput(CommandError):
    """JSON that cannot be read."""

    exit_code = ExitCode.USAGE


class NotConfirmed(CommandError):
    """What destroys jobs was not agreed to, or there was nobody to ask."""

    def __init__(self, what: str, *, has_terminal: bool) -> None:
        self.what = what
        self.exit_code = ExitCode.FAILED if has_terminal else ExitCode.USAGE
        answer = "not confirmed" if has_terminal else "stdin is no terminal to ask on: confirm it with --yes"
        super().__init__(f"{what}: {answer}; nothing was changed")


class NoBroker(CommandError):
    """Nothing to read from."""

    exit_code = ExitCode.BROKER_UNAVAILABLE

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(
            f"no broker runs in {data}: start one with `toril broker`, "
            "or name yours with --url or TORIL_REDIS_URL"
        )


class BrokerRuns(CommandError):
    """The data folder has a broker already."""

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(f"a broker runs in {data} already; commands join it by themselves")


class BrokerEnded(CommandError):
    """The embedded broker ended by itself."""

    exit_code = ExitCode.BROKER_UNAVAILABLE

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(f"the broker in {data} has ended by itself; broker/broker.log in there says why")


class NoDatabase(CommandError):
    """No database to read from."""

    exit_code = ExitCode.DATABASE_UNAVAILABLE

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(
            f"no PostgreSQL runs in {data}: start one with `toril database run`, "
            "or name yours with --database-url or TORIL_DATABASE_URL"
        )


class DatabaseRuns(CommandError):
    """The data folder has an embedded PostgreSQL already."""

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(f"a PostgreSQL runs in {data} already; commands join it by themselves")


class DatabaseEnded(CommandError):
    """The embedded PostgreSQL ended by itself."""

    exit_code = ExitCode.DATABASE_UNAVAILABLE

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(
            f"the PostgreSQL in {data} has ended by itself; postgres/postgres.log in there says why"
        )


class AddressTaken(CommandError):
    """A server cannot listen where it was told to; `options` say where that is."""

    def __init__(self, host: str, port: int, reason: str, options: str = "--host and --port") -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(f"cannot listen on {host} port {port}: {reason}; see {options}")


class KeysMissing(CommandError):
    """The gateway would be reached from elsewhere, and knows no key."""

    exit_code = ExitCode.USAGE

    def __init__(self, host: str, variable: str) -> None:
        self.host = host
        super().__init__(
            f"{host} is reached from other machines, so callers need API keys: "
            f"make one with `toril key create`, and put its entry into {variable}"
        )


class QueueNotFound(CommandError):
    """Nobody has ever used a queue of this name."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, queue: str, prefix: str) -> None:
        self.queue = queue
        self.prefix = prefix
        super().__init__(f"there is no queue {queue!r} below the prefix {prefix!r}; `toril queues` lists all")


class ScheduleNotFound(CommandError):
    """A queue has no schedule of this id."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, queue: str, schedule_id: str) -> None:
        self.queue = queue
        self.schedule_id = schedule_id
        super().__init__(
            f"queue {queue!r} has no schedule {schedule_id!r}; `toril schedule list {queue}` lists all"
        )


class ResultTimedOut(CommandError):
    """The awaited job has not ended in time; it goes on."""

    exit_code = ExitCode.TIMED_OUT

    def __init__(self, queue: str, job_id: str, timeout: float) -> None:
        self.queue = queue
        self.job_id = job_id
        self.timeout = timeout
        super().__init__(
            f"job {job_id!r} of queue {queue!r} has not ended within {timeout:g} s; it is not cancelled"
        )


class MembersFailed(CommandError):
    """Worker processes ended for good, and not well; they have said why themselves."""

    def __init__(self, exit_code: int) -> None:
        known = {code.value for code in ExitCode}  # a process may end by a signal or with a code of its own
        self.exit_code = ExitCode(exit_code) if exit_code in known else ExitCode.FAILED
        super().__init__("a worker process ended for good; its own lines say why")


class EnvironmentFailed(CommandError):
    """The environment of a walled-off worker cannot be made."""

    def __init__(self, group: str, project: str, reason: str) -> None:
        self.group = group
        self.project = project
        self.reason = reason
        super().__init__(
            f"uv cannot make an environment of the dependency group {group!r} in {project}: {reason}"
        )


class SessionRuns(CommandError):
    """Another `toril dev` is at work on the data folder."""

    def __init__(self, data: str) -> None:
        self.data = data
        super().__init__(
            f"another `toril dev` is at work on {data}: end it, or take another folder with --data"
        )


class PartEnded(CommandError):
    """A process that `toril dev` keeps running ended for good; it has said why itself."""

    def __init__(self, name: str, exit_code: int) -> None:
        self.name = name
        self.process_exit_code = exit_code
        super().__init__(f"{name} ended with exit code {exit_code}; its own lines say why")
