"""What an application consists of, as its `dev.py` says it."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from toril.worker import WorkerSettings


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A worker, in a process of its own.

    Args:
        handlers: where they are: "app.handlers:handlers".
        queues: the names of the queues that it works on; by default all that the handlers serve.
        settings: how it works.
        group: the dependency group of the project's `pyproject.toml` that makes up its environment, with
            `toril-worker` in it. Such a worker is walled off: its environment holds that group and nothing
            else, it is given no variables but the common ones, and it refuses database drivers. By default it
            runs in the environment of `toril dev`.
        variables: the names of further variables that a walled-off worker is given, such as "OPENAI_API_KEY".
    """

    handlers: str
    _: KW_ONLY
    queues: Sequence[str] = ()
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    group: str | None = None
    variables: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What `toril dev` starts. It is imported there, so let it name modules rather than import them.

    Args:
        workers: its worker processes, by the name that stands before their lines.
        contracts: the modules of contracts that the HTTP gateway serves; without any there is no gateway.
        web: an ASGI application of its own: "app.web:app".
        migrations: the packages of its numbered SQL files, for an application with a database; None for one
            without. With a database, the outbox is relayed too.
    """

    workers: Mapping[str, WorkerProcess]
    contracts: Sequence[str] = ()
    web: str | None = None
    migrations: Sequence[str] | None = None
