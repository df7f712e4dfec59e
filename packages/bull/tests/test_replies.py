import pytest
from hiredis import ReplyError

from toril.bull.errors import BrokerMisconfigured, BrokerUnavailable, CommandRefused
from toril.bull.replies import refusal
from toril.bull.server_address import ServerAddress

ADDRESS = ServerAddress(host="host")


@pytest.mark.parametrize(
    "reply",
    [
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "READONLY You can't write against a read only replica.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        "NOREPLICAS Not enough good replicas to write.",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "CLUSTERDOWN The cluster is down",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "ERR max number of clients reached",
        "ERR AUTH <password> called without any password configured for the default user.",
        "ERR Error running script (call to f_0fd3): @user_script:1: @user_script: 1: -OOM command refused",
        "ERR OOM command not allowed when used memory > 'maxmemory'. script: on @user_script:98.",
    ],
)
def test_what_may_work_later_means_that_redis_is_not_available(reply: str):
    refused = refusal(ADDRESS, "SET", ReplyError(reply))
    assert isinstance(refused, BrokerUnavailable)
    assert refused.address == "host:6379"


@pytest.mark.parametrize(
    "reply",
    [
        "ERR unknown command 'NONSENSE'",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "NOPERM User ann has no permissions to run the 'set' command",
        "ERR Error running script (call to f_0fd3): @user_script:1: user_script:1: attempt to index nil",
    ],
)
def test_what_never_works_keeps_its_own_words(reply: str):
    refused = refusal(ADDRESS, "SET", ReplyError(reply))
    assert isinstance(refused, CommandRefused)
    assert (refused.command, refused.reason) == ("SET", reply)


def test_queues_of_several_slots_are_a_matter_of_their_prefix():
    refused = refusal(ADDRESS, "EVALSHA", ReplyError("CROSSSLOT Keys in request don't hash to the same slot"))
    assert isinstance(refused, BrokerMisconfigured)
    assert 'prefix="{bull}"' in str(refused)
