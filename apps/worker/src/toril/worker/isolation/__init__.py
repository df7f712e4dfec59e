"""Handlers that do not run on the event loop: those that block, and those that compute.

    executor ──job──► ThreadHandler ───────────────► a thread of its own
                └───► ProcessHandler ──► ProcessPool ──frames──► a child process

The task of the run stays on the event loop, and carries out there what its handler calls for: progress, logs.
"""
