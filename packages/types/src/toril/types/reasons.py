"""Why a job failed by nobody's fault: how its `failed_reason` begins."""

CANCELLED = "cancelled"
"""Somebody cancelled it while it ran; this is all of the reason."""
