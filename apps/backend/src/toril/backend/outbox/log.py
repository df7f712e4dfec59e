"""What the relay says of itself: each event has its function here, and only here is it worded."""

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.outbox")


def standing_by() -> None:
    _log.info("another relay is at work, standing by")


def leading() -> None:
    _log.info("relaying")


def stopped(relayed: int) -> None:
    _log.info("relay stopped", relayed=relayed)


def set_aside(row_id: str, reason: str) -> None:
    _log.error("row set aside: it cannot be relayed", row_id=row_id, reason=reason)


def lost(what: str, reason: str) -> None:
    _log.error(f"{what} is not available, trying again", reason=reason)


def back(what: str, after: float) -> None:
    _log.info(f"{what} is back", after=round(after, 1))
