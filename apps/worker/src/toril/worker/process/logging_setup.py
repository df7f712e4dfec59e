"""How everything that is logged is written: ours, the handlers' and the libraries', one way, to stderr."""

import logging
import os
import sys
import warnings

import structlog
from structlog.typing import Processor

from toril.bull.errors import BrokerWarning

FORMAT_VARIABLE = "LOG_FORMAT"


def configure_logging(*, as_json: bool = False, handler: logging.Handler | None = None) -> None:
    """Log readable lines, coloured on a terminal; with `as_json` or LOG_FORMAT=json, JSON lines.

    Args:
        handler: what takes them; by default they go to stderr.
    """
    as_json = logs_json(asked=as_json)
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    colors = handler is None and sys.stderr.isatty()
    handler = handler or logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *common],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_json() if as_json else _readable(colors=colors)),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # toril.bull logs it, too; the warning is for those who have set up no logging.
    warnings.simplefilter("ignore", BrokerWarning)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def logs_json(*, asked: bool) -> bool:
    """Whether the log is to be JSON lines: asked for, or by LOG_FORMAT."""
    return asked or os.environ.get(FORMAT_VARIABLE, "").lower() == "json"


def _json() -> list[Processor]:
    # A frame's variables hold what the jobs hold, and passwords: never in a log.
    exceptions = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(exceptions),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _readable(*, colors: bool) -> list[Processor]:
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, pad_event_to=0)]
