#!/usr/bin/env bash
# `make run`: a server on data in .run, a demo driven through its API, and then the
# server stays up until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=.run/data listen=${PETREL_LISTEN:-127.0.0.1:9101}
mkdir -p .run && chmod 700 .run
[ -s .run/password ] || (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >.run/password)
export PETREL_ADMIN_USER=admin PETREL_ADMIN_PASSWORD
PETREL_ADMIN_PASSWORD=$(cat .run/password)

set -m # the server gets a process group of its own, and Ctrl-C reaches it once, through the trap
bin/petrel server --data "$data" --listen "$listen" &
server=$!
end() {
  trap 'kill -KILL $server 2>/dev/null' INT TERM
  kill -TERM $server 2>/dev/null && wait $server && echo 'Petrel has stopped.'
  exit 0
}
trap end INT TERM
if ! bin/petrel demo --url "http://$listen" --user admin --password "$PETREL_ADMIN_PASSWORD"; then
  kill -TERM $server 2>/dev/null || true
  wait $server || true
  exit 1
fi
cat <<TEXT

The server stays up; Ctrl-C ends it. In another terminal:

  export ST2_AUTH_TOKEN=\$(bin/petrel auth admin -p "\$(cat .run/password)" -t)
  bin/petrel run core.local -- uname -a
  bin/petrel execution list
TEXT
wait $server
