"""How much one script call handles, during which Redis does nothing else, and how much a log holds."""

# A flow is added whole, so these hold for all of it. The outbox knows them too, and refuses at once.
from toril.types.flow import MOST_BYTES_A_FLOW as MOST_BYTES_A_FLOW
from toril.types.flow import MOST_JOBS_A_FLOW as MOST_JOBS_A_FLOW

MOST_JOBS_A_SCRIPT = 250
MOST_BYTES_A_SCRIPT = 4_000_000
MOST_LOG_LINES = 1_000
