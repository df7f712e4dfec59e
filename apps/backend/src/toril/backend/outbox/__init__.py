"""The relay: it moves jobs from the outbox of a database to Redis."""

from toril.backend.outbox.relay import OutboxRelay, RelayCounts

__all__ = ["OutboxRelay", "RelayCounts"]
