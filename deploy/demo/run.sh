#!/usr/bin/env bash
# The whole thing at work, without the internet: a simulated outside world that keeps changing and now and then
# breaks, and `pulse run` with every shipped collector on a short schedule, into SQLite. `./dev run` builds the programs
# first.
#
#   run.sh                 until Ctrl-C
#   run.sh --for 60s       ends 60 s after pulse is ready (no faults in the last 30 s); exit code 0 if all is well then
#   run.sh --real          no simulator: the real hosts, the catalogue's own schedules; its database stays
#
# All is well: `pulse status` says so, and sqlite3 finds for each collector a run that succeeded with rows, and its
# table filled. Everything is written to var/demo (--real: var/real). For tests: DEMO_BIN and DEMO_HOME are other
# folders of the programs and of what is written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
bin=${DEMO_BIN:-$root/build/bin}
calm=30  # seconds without faults at the end
start_seconds=60 stop_seconds=30

usage() {
  printf 'usage: deploy/demo/run.sh [--for DURATION] [--real]      DURATION: 60s, 5m, 1h\n' >&2
  exit 64
}
say() { printf '== %s\n' "$*"; }
pause() { sleep "$1" || true; }  # Ctrl-C ends it
fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}
seconds_of() {
  [[ $1 =~ ^([1-9][0-9]{0,5})(s|m|h)$ ]] || usage
  case ${BASH_REMATCH[2]} in
    s) echo $((BASH_REMATCH[1])) ;;
    m) echo $((BASH_REMATCH[1] * 60)) ;;
    h) echo $((BASH_REMATCH[1] * 3600)) ;;
  esac
}

limit='' real=''
while (($#)); do
  case $1 in
    --for)
      (($# >= 2)) || usage
      limit=$(seconds_of "$2") || exit 64
      shift
      ;;
    --for=*) limit=$(seconds_of "${1#--for=}") || exit 64 ;;
    --real) real=1 ;;
    *) usage ;;
  esac
  shift
done
for program in pulse simulator; do
  [[ -x $bin/$program ]] || fail "${bin#"$root"/}/$program is missing: ./dev build"
done

home=$root/var/demo
if [[ $real ]]; then home=$root/var/real; fi
home=${DEMO_HOME:-$home}
config=$home/pulse.yaml
database=$home/pulse.db

# ---- what runs beside this script; each in a session of its own, so that Ctrl-C reaches only the script

simulator='' world='' pulse='' watch='' stopping=''
api='' page=''

# stop_one PID: SIGTERM, and its exit code; what does not end in time is killed.
stop_one() {
  local deadline=$((SECONDS + stop_seconds)) code=0
  kill "$1" 2>/dev/null || true
  while kill -0 "$1" 2>/dev/null && ((SECONDS < deadline)); do pause 0.1; done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || code=$?
  return "$code"
}
stop_all() {  # after a failure; what stopped in order before has no process id any more
  for pid in $watch $world $pulse $simulator; do stop_one "$pid" || true; done
}
trap 'stopping=1' INT TERM HUP
trap stop_all EXIT

start_world() {
  coproc simulator_output { exec setsid "$bin/simulator" --port 0 --seed 1 --live 2>"$home/simulator.log"; }
  simulator=$!
  local ready=''
  read -r -t "$start_seconds" ready <&"${simulator_output[0]}" || true
  api=${ready##* }
  [[ $api == http://127.0.0.1:* ]] || fail "the simulator did not start: $(tail -n 5 "$home/simulator.log")"
}

write_config() {
  printf 'store: sqlite:pulse.db\ncollectors: %s\nlogs: {directory: logs}\nlisten: {address: "127.0.0.1:0"}\n' \
    "\"$root/collectors\"" >"$config"
  if [[ $real ]]; then return; fi
  { printf 'http: {rewrite: {"https://": "%s/"}}\n' "$api" && cat deploy/demo/demo.yaml; } >>"$config"
}

start_pulse() {
  local deadline=$((SECONDS + start_seconds)) address=''
  setsid "$bin/pulse" --config "$config" run </dev/null >"$home/pulse.log" 2>&1 &
  pulse=$!
  until [[ $address ]] && curl -fsS --noproxy '*' -m 5 -o /dev/null "http://$address/readyz" 2>/dev/null; do
    [[ ! $stopping ]] || exit 130
    kill -0 "$pulse" 2>/dev/null || fail "pulse ended before it was ready: $(tail -n 5 "$home/pulse.log")"
    ((SECONDS < deadline)) || fail "pulse is not ready after $start_seconds s: $(tail -n 5 "$home/pulse.log")"
    pause 0.1
    address=$(sed -n 's/.*listening.* address=\(127\.0\.0\.1:[0-9]*\).*/\1/p' "$home/pulse.log" | tail -n 1)
  done
  page=http://$address/
}

# ---- looking at it

ask_database() { sqlite3 -readonly -cmd '.timeout 10000' "$database" "$1"; }

summary() {
  ask_database "SELECT printf('%d runs: %d with success, %d going on, %d other; %d rows inserted, %d updated',
      count(*), sum(state = 'success'), sum(state = 'running'), sum(state NOT IN ('success', 'running')),
      sum(inserted), sum(updated)) FROM pulse_runs"
}

# Until it is stopped, pulse ends, or the time is over.
watch_it() {
  local began=$SECONDS said=$SECONDS
  if [[ -t 1 ]]; then
    setsid "$bin/pulse" --config "$config" status --watch </dev/null 2>"$home/watch.log" &
    watch=$!
  fi
  while [[ ! $stopping ]] && kill -0 "$pulse" 2>/dev/null; do
    [[ ! $limit ]] || ((SECONDS - began < limit)) || break
    if [[ $watch ]] && ! kill -0 "$watch" 2>/dev/null; then watch=''; fi
    if [[ ! $watch ]] && ((SECONDS - said >= 5)); then
      said=$SECONDS
      printf '%3d s  %s\n' $((SECONDS - began)) "$(summary || true)"
    fi
    pause 0.5
  done
  if [[ $watch ]]; then stop_one "$watch" || true; fi
  watch=''
}

# What is not as it should be, a line each.
misses() {
  local code=0 name table
  "$bin/pulse" --config "$config" status >"$home/status.txt" 2>&1 || code=$?
  if ((code)); then
    printf 'pulse status says that not all is well (exit code %d):\n' "$code"
    sed 's/^/  /' "$home/status.txt"
  fi
  if [[ $real ]]; then return; fi  # many take longer than anybody watches
  for file in "${collectors[@]}"; do
    name=$(sed -n 's/^name: *\([a-z0-9-]*\).*/\1/p' "$file")
    table=$(sed -n '/^destination:/,$ s/^  table: *\([A-Za-z0-9_]*\).*/\1/p' "$file")
    [[ $(ask_database "SELECT count(*) FROM pulse_runs WHERE collector = '$name' AND state = 'success'
        AND inserted + updated + unchanged > 0") -gt 0 ]] || printf '%s: no run succeeded with rows\n' "$name"
    [[ $(ask_database "SELECT count(*) FROM (SELECT 1 FROM \"$table\" LIMIT 1)" 2>/dev/null || echo 0) -gt 0 ]] ||
      printf '%s: its table %s is empty\n' "$name" "$table"
  done
}

# ---- and now

if [[ ! $real ]]; then
  # The demo has its own settings, and nobody's credentials go to a simulated host.
  while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^PULSE_|_(TOKEN|KEY)$' || true)
  export PRODUCTHUNT_TOKEN=simulated-token no_proxy='*' NO_PROXY='*'
  rm -rf "$home"
fi
mkdir -p "$home"
if [[ ! $real ]]; then start_world; fi
write_config
collectors=(collectors/*.yaml)
say "${#collectors[@]} collectors, ${real:+the real hosts}${api:+a simulated world at $api}"
start_pulse
if [[ ! $real ]]; then
  : >"$home/world.log"
  setsid deploy/demo/world.py "$api" ${limit:+--calm-after $((limit > calm ? limit - calm : 0))} \
    >"$home/world.log" 2>&1 </dev/null &
  world=$!
fi
say "the status page: $page"
say "logs: ${home#"$root"/}/pulse.log${world:+, what breaks: ${home#"$root"/}/world.log}; Ctrl-C stops everything"
watch_it

kill -0 "$pulse" 2>/dev/null || fail "pulse ended by itself: $(tail -n 5 "$home/pulse.log")"
wrong=''
if [[ $limit && ! $stopping ]]; then wrong=$(misses); fi
code=0 world_code=0
if [[ $world ]]; then stop_one "$world" || world_code=$?; fi
stop_one "$pulse" || code=$?
if [[ $simulator ]]; then stop_one "$simulator" || true; fi
counts=$(summary)
broken=$([[ ! $world ]] || grep -vc '^no more faults' "$home/world.log" || true)
world='' pulse='' simulator=''
say "$counts${broken:+; $broken things were broken on purpose}"
((code == 0)) || fail "pulse ended with exit code $code: $(tail -n 5 "$home/pulse.log")"
((world_code == 0 || world_code == 143 || world_code == 130)) ||  # 143, 130: it had not even begun
  fail "the world ended with exit code $world_code: $(tail -n 5 "$home/world.log")"
if [[ $wrong ]]; then
  printf '%s\n' "$wrong" >&2
  fail "not all is well"
fi
if [[ $limit && ! $stopping ]]; then
  found=', and sqlite3 finds their rows'
  if [[ $real ]]; then found=''; fi
  say "all collectors are healthy$found"
fi
printf 'Look around: %s (database, logs)\n' "${home#"$root"/}"
