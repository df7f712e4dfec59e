"""Whether jobs are safe in a Redis: new enough, and not allowed to evict them."""

import logging
import warnings

from toril.bull.errors import BrokerMisconfigured, BrokerWarning

OLDEST_VERSION = (6, 2)

logger = logging.getLogger("toril.bull")


def check_server(address: str, info: bytes | None, *, strict: bool) -> None:
    """Look at what INFO reported; None where the user may not ask.

    Raises:
        BrokerMisconfigured: the server is too old, or (strict) may evict keys.
    """
    if info is None:
        _warn(
            f"Redis at {address} does not let this user run INFO: whether it may evict jobs was not checked"
        )
        return
    fields = dict(line.split(":", 1) for line in info.decode(errors="replace").splitlines() if ":" in line)
    version = fields.get("redis_version", "")
    if version and _parsed(version) < OLDEST_VERSION:
        raise BrokerMisconfigured(
            address, f"has version {version}", "Redis 6.2 or newer, or Valkey, is needed"
        )
    policy = fields.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return
    misconfigured = BrokerMisconfigured(
        address, f"may evict jobs (maxmemory-policy {policy})", "run CONFIG SET maxmemory-policy noeviction"
    )
    if strict:
        raise misconfigured
    _warn(str(misconfigured))


def _warn(text: str) -> None:
    logger.warning(text)
    warnings.warn(text, BrokerWarning, stacklevel=4)


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
