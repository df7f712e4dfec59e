# The parent of an embedded server, started by guard.py in a session of its own: Ctrl-C reaches the owner alone, which
# may have work to end. It ends the server as soon as its standard input says a word or ends, and that ends with the
# owner, however the owner ends. Its standard output is the locked file of the server's folder, which the server gets
# as its input: the lock lives exactly as long as they do.
#
# $1: the signal that ends the server in good order; $2: seconds between that and SIGKILL; $3: a folder to remove in
# the end, or ""; then the server's command.
ending=$1 patience=$2 leftovers=$3
shift 3

exec 3<&0
"$@" 3<&- <&1 >/dev/null &
server=$!
{
    read -r _
    sleep "$patience" &
    nap=$!
    trap 'kill $nap; exit' TERM
    kill -"$ending" $server
    wait $nap
    kill -KILL $server
} <&3 >/dev/null 2>&1 &
watcher=$!
wait $server
kill $watcher
[ -z "$leftovers" ] || rm -rf -- "$leftovers"
