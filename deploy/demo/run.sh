#!/usr/bin/env bash
# The whole thing at work in half a minute, without the internet: a simulated CISA catalogue, the shipped
# collector cisa-kev pointed at it, and SQLite. Everything is written to var/demo. Exit code 0: every step did
# what it should.
#
# `./dev run` builds the programs first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
bin=$root/build/bin
demo=$root/var/demo

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}
pulse() {
  printf '$ pulse %s\n' "$*"
  "$bin/pulse" --config "$demo/pulse.yaml" "$@"
}
# count PATH CONDITION: how many items of a list in the simulator's own books fulfil it.
count() {
  curl -fsS --noproxy "*" "$api/_sim/$1" -o "$demo/answer.json"
  sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('$demo/answer.json') AS TEXT)) WHERE $2"
}

if (($#)); then
  printf 'usage: deploy/demo/run.sh   (no arguments)\n' >&2
  exit 64
fi
for program in pulse simulator; do
  [[ -x $bin/$program ]] || fail "build/bin/$program is missing: ./dev build"
done

unset "${!PULSE_@}"  # the demo has its own settings
rm -rf "$demo"
mkdir -p "$demo"

say "a simulated outside world"
coproc simulator { exec "$bin/simulator" --port 0 --seed 1 2>"$demo/simulator.log"; }
simulator_pid=$!
trap 'kill "$simulator_pid" 2>/dev/null && wait "$simulator_pid" 2>/dev/null || true' EXIT
read -r -t 10 ready <&"${simulator[0]}" ||
  fail "the simulator did not start: $(tail -n 5 "$demo/simulator.log")"
printf '%s\n' "$ready"
api=${ready##* }
[[ $api == http://127.0.0.1:* ]] || fail "not a ready line: $ready"

cat >"$demo/pulse.yaml" <<END
store: sqlite:pulse.db
collectors: $root/collectors
logs: {directory: logs}
http:
  rewrite: {"https://": "$api/"}
END

say "the first run inserts everything, the second finds nothing new"
pulse collect cisa-kev
pulse collect cisa-kev

say "the catalogue changes: 3 entries more, 2 edited"
curl -fsS --noproxy "*" -X POST "$api/_sim/tick?api=kev&add=3&change=2" && printf '\n'
pulse collect cisa-kev

say "the audit trail"
pulse runs

say "what the database holds now"
sqlite3 -header -column "$demo/pulse.db" \
  "SELECT cve_id, vendor_project, product, date_added FROM cisa_kev
   ORDER BY date_added DESC, cve_id DESC LIMIT 5"
rows=$(sqlite3 "$demo/pulse.db" "SELECT count(*) FROM cisa_kev")
truth=$(count truth/kev 1)
asked=$(count requests "value ->> 'api' = 'kev'")
say "$rows rows of $truth in the simulated catalogue, which was asked $asked times"
((rows == truth && rows > 0)) || fail "the table and the catalogue differ"
((asked >= 3)) || fail "three runs must ask at least three times"
printf 'Look around: var/demo (database, logs)\n'
