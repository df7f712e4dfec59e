"""`python -m toril.cli.dev.leashed MODULE …`: any module's program, made to end with its supervisor.

The module runs in this very process, as `python -m MODULE …` would run it.
"""

import os
import runpy
import signal
import sys
import time

from toril.worker.process.lifeline import when_supervisor_ends
from toril.worker.process.shutdown import ENDED_BY_FORCE

ENDS_WITHIN = 10.0


def main() -> None:
    """Run the module that the command line names."""
    when_supervisor_ends(_end_this_process)
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ENDS_WITHIN)
    os._exit(ENDED_BY_FORCE)


if __name__ == "__main__":
    main()
