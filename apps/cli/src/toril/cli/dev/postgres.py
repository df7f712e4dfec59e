"""`python -m toril.cli.dev.postgres DATA`: the embedded PostgreSQL of a data folder, in the foreground."""

import os
import signal
import sys
import threading
from pathlib import Path

from toril.cli.exit_codes import ExitCode
from toril.cli.output import print_note
from toril.database import EmbeddedPostgres
from toril.worker.process.shutdown import SIGNALS

LOOK_EVERY = 1.0


def main(data: Path) -> int:
    """Run it until a signal; the exit code says whether it ended before that."""
    told = threading.Event()

    def tell(_number: int, _frame: object) -> None:
        told.set()

    for number in SIGNALS:
        signal.signal(number, tell)
    with EmbeddedPostgres(data) as server:
        print_note(f"PostgreSQL runs, its data are in {data.absolute()}")
        while not told.wait(LOOK_EVERY):
            if not _is_alive(server.pid):
                print_note("PostgreSQL has ended by itself; postgres/postgres.log in there says why")
                return ExitCode.FAILED
    print_note("PostgreSQL has ended; its data are kept")
    return ExitCode.OK


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
