"""What the application consists of: `toril dev examples.library`."""

from toril.cli.dev import Application, WorkerProcess
from toril.worker import WorkerSettings

# Whoever tries it out may end it at any moment, even by `kill -9`: the jobs of a worker that is gone run
# again soon, and as often as it takes.
SETTINGS = WorkerSettings(concurrency=4, grace=5.0, lock_duration=5.0, stalled_interval=1.0, most_stalls=100)

application = Application(
    workers={
        "agents": WorkerProcess(
            "examples.library.agents:handlers", group="library-agents", settings=SETTINGS
        ),
        "store": WorkerProcess("examples.library.store:handlers", settings=SETTINGS),
    },
    migrations=["examples.library.migrations"],
    contracts=["examples.library.contracts"],
    web="examples.library.app:app",
)
