# The parent of an embedded broker's server, started by embedded.py in a session of its own: Ctrl-C reaches the owner
# alone, which may have jobs to drain. It ends the server as soon as its standard input says a word or ends, and that
# ends with the owner, however the owner ends. Its standard output is the locked file of the data folder, which the
# server gets as its input: the lock lives exactly as long as they do.
#
# $1: seconds between SIGTERM and SIGKILL; $2: a folder to remove in the end, or ""; then the server's command.
patience=$1 leftovers=$2
shift 2

exec 3<&0
"$@" 3<&- <&1 >/dev/null &
server=$!
{
    read -r _
    sleep "$patience" &
    nap=$!
    trap 'kill $nap; exit' TERM
    kill -TERM $server
    wait $nap
    kill -KILL $server
} <&3 >/dev/null 2>&1 &
watcher=$!
wait $server
kill $watcher
[ -z "$leftovers" ] || rm -rf -- "$leftovers"
