"""Policies take what they say they take.

The keywords of a class statement are not among them: Pydantic's metaclass takes any, so neither checker
looks further; they are checked as the class is made.
"""

from toril.jobs import Backoff, Keep, Queue, Retry, exponential, fixed

Queue("documents", retry=Retry(attempts=3), timeout=1, keep_completed=Keep(count=1), keep_failed=None)
Retry(attempts=3)
Retry(attempts=3, backoff=fixed(1.0, jitter=0.5))
Retry(attempts=3, backoff=Backoff("exponential", 1))

Queue(5)  # error: reportArgumentType arg-type
Queue()  # error: reportCallIssue call-arg
Queue("documents", timeout="60")  # error: reportArgumentType arg-type
Queue("documents", retry=3)  # error: reportArgumentType arg-type
Queue("documents", keep_failed=10)  # error: reportArgumentType arg-type
Queue("documents", retries=3)  # error: reportCallIssue call-arg
Retry()  # error: reportCallIssue call-arg
Retry(3)  # error: reportCallIssue call-arg misc
Retry(attempts="3")  # error: reportArgumentType arg-type
Retry(attempts=3, backoff=1.0)  # error: reportArgumentType arg-type
Backoff("linear", 1.0)  # error: reportArgumentType arg-type
fixed("1 s")  # error: reportArgumentType arg-type
exponential(1.0, jitter=None)  # error: reportArgumentType arg-type
Keep(count="all")  # error: reportArgumentType arg-type
Queue("documents").name = "other"  # error: reportAttributeAccessIssue misc
