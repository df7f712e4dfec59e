"""How much one script call handles, during which Redis does nothing else, and how much a log holds."""

MOST_JOBS_A_SCRIPT = 250
MOST_BYTES_A_SCRIPT = 4_000_000
# A flow is added whole, so these hold for all of it.
MOST_JOBS_A_FLOW = 1_000
MOST_BYTES_A_FLOW = 16_000_000
MOST_LOG_LINES = 1_000
