#!/bin/sh
# Puts a release into service on a systemd host, one node after the other:
#   npm run build -- --out /srv/houselights/releases/0.3.0
#   sudo deploy/update.sh /srv/houselights/releases/0.3.0 3001 3002 3003
# It applies the migrations, points the link /srv/houselights/current at the release, and restarts the node of each port.
# If one is not ready in time, the link and the nodes go back to the release before.
# READY_SECONDS: how long a node may take (60). HOUSELIGHTS_ENV_FILE: the units' environment file.
set -eu

usage() {
  echo "usage: deploy/update.sh /srv/houselights/releases/VERSION PORT..." >&2
  exit 2
}
[ $# -ge 2 ] || usage
release=$(cd "$1" && pwd -P) || usage
[ "$(basename "$(dirname "$release")")" = releases ] || usage
shift
folder=$(dirname "$(dirname "$release")")
current=$folder/current
export HOUSELIGHTS_ENV_FILE="${HOUSELIGHTS_ENV_FILE:-/etc/houselights/environment}"

say() { echo "houselights: $*" >&2; }

# A link can't be changed, but be replaced: at no moment is there none.
point_to() {
  ln -s "releases/$(basename "$1")" "$current.$$"
  mv -T "$current.$$" "$current"
}

# The release that a node runs is the one that the link named at its start.
restart() {
  systemctl restart "houselights@$1" || return 1
  deadline=$(($(date +%s) + ${READY_SECONDS:-60}))
  until HOST=127.0.0.1 PORT=$1 node "$release/healthcheck.js" /readyz; do
    [ "$(date +%s)" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

go_back() {
  if [ -z "$previous" ]; then
    say "the node on port $1 is not ready, and there is no release to go back to: see journalctl -u houselights@$1"
    exit 1
  fi
  say "the node on port $1 is not ready: back to $previous; see journalctl -u houselights@$1"
  point_to "$previous"
  for port in $restarted "$1"; do
    restart "$port" || say "the node on port $port is not ready with $previous either"
  done
  exit 1
}

previous=$(cd "$current" 2>/dev/null && pwd -P) || previous=
# the nodes go on: a release only adds to the tables
node "$release/command.js" migrate deploy
point_to "$release"
restarted=
for port; do
  restart "$port" || go_back "$port"
  restarted="$restarted $port"
  say "the node on port $port runs $(basename "$release")"
done
