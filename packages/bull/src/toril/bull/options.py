"""The options that a job is added with; they are shared words, and stand in toril.types."""

from toril.types.job_options import HIGHEST_PRIORITY_NUMBER as HIGHEST_PRIORITY_NUMBER
from toril.types.job_options import LATEST_MOMENT as LATEST_MOMENT
from toril.types.job_options import LONGEST_DELAY as LONGEST_DELAY
from toril.types.job_options import LONGEST_JOB_ID as LONGEST_JOB_ID
from toril.types.job_options import JobOptions as JobOptions
from toril.types.job_options import JobPolicy as JobPolicy
from toril.types.job_options import RetryPolicy as RetryPolicy
from toril.types.job_options import check_job_id as check_job_id
from toril.types.job_options import may_name_job as may_name_job
from toril.types.job_options import options_of as options_of
