"""How much one script call handles, during which Redis does nothing else, and how much a log holds."""

MOST_JOBS_A_SCRIPT = 250
MOST_BYTES_A_SCRIPT = 4_000_000
MOST_LOG_LINES = 1_000
