"""Logging that is set up by the first line that is logged: most commands log none."""

import logging
import warnings

from toril.bull.errors import BrokerWarning


def log_from_first_line() -> None:
    """Log as `configure_logging` says, which is imported for the first line: it takes a third of a second."""
    warnings.simplefilter("ignore", BrokerWarning)  # it is logged, too
    logging.basicConfig(handlers=[_FirstLine()], level=logging.INFO, force=True)


class _FirstLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        from toril.worker.process.logging_setup import configure_logging

        configure_logging()  # takes this handler away
        for handler in logging.getLogger().handlers:
            handler.handle(record)
