# Reads "+ SIGNAL PID" and "- PID" from a pipe that only one process holds. When the pipe ends, that process has died,
# by kill -9 perhaps: then what is still on the list is ended, politely, and after 5 s with KILL.
trap '' INT TERM HUP
watched=''
while read -r op first second; do
  if [ "$op" = '+' ]; then
    watched="$watched $first:$second"
    continue
  fi
  rest=''
  for entry in $watched; do
    [ "${entry#*:}" = "$first" ] || rest="$rest $entry"
  done
  watched="$rest"
done

for entry in $watched; do
  kill -s "${entry%%:*}" "${entry#*:}" 2>/dev/null
  # A stopped process gets no signal before it goes on.
  kill -s CONT "${entry#*:}" 2>/dev/null
done
tries=0
while [ $tries -lt 50 ]; do
  alive=''
  for entry in $watched; do
    kill -0 "${entry#*:}" 2>/dev/null && alive="$alive ${entry#*:}"
  done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  tries=$((tries + 1))
done
kill -s KILL $alive 2>/dev/null
