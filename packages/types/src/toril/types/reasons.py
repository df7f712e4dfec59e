"""Why a job failed by nobody's fault: how its `failed_reason` begins."""

CANCELLED = "cancelled"
"""Somebody cancelled it while it ran; this is all of the reason."""

EXPIRED = "expired"
"""Nobody started it within its `expires_in`; how long that was follows."""
