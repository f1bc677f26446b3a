#!/usr/bin/env bash
# The whole thing at work, without the internet: a simulated outside world that keeps changing and now and then
# breaks, and `pulse run` with every shipped collector on a short schedule, into SQLite; and `phoenix run` on the same
# world's Telegram, with which a user talks once (phoenix.py). `./dev run` builds the programs first.
#
#   run.sh                 until Ctrl-C
#   run.sh --for 60s       ends 60 s after pulse is ready (no faults in the last 30 s); exit code 0 if all is well then
#   run.sh --real          no simulator: the real hosts, the catalogue's own schedules; its databases stay. phoenix only if
#                          TELEGRAM_BOT_TOKEN and API_FOOTBALL_KEY are set: it takes the bot over from any other process
#
# All is well: `pulse status` says so, sqlite3 finds for each collector a run that succeeded with rows, and its table
# filled; the user got an analysis; and both programs end with 0. Everything is written to var/demo (--real: var/real). For tests: DEMO_BIN and DEMO_HOME are other
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
for program in pulse phoenix simulator; do
  [[ -x $bin/$program ]] || fail "${bin#"$root"/}/$program is missing: ./dev build"
done

home=$root/var/demo
if [[ $real ]]; then home=$root/var/real; fi
home=${DEMO_HOME:-$home}
config=$home/pulse.yaml
database=$home/pulse.db

# ---- what runs beside this script; each in a session of its own, so that Ctrl-C reaches only the script

simulator='' world='' pulse='' phoenix='' watch='' stopping=''
api='' bot_page=''

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
  for pid in $watch $world $phoenix $pulse $simulator; do stop_one "$pid" || true; done
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

# With a folder of its own. Simulated credentials go to the simulator alone; real ones stand in the environment.
start_phoenix() {
  mkdir -p "$home/phoenix"
  printf 'store: sqlite:phoenix.db\ncache: {file: phoenix.cache}\nlogs: {directory: logs}\nlisten: {address: "127.0.0.1:0"}\n' \
    >"$home/phoenix/phoenix.yaml"
  if [[ ! $real ]]; then
    printf 'telegram: {base: "%s/api.telegram.org"}\nfootball: {base: "%s/v3.football.api-sports.io"}\n' \
      "$api" "$api" >>"$home/phoenix/phoenix.yaml"
    local -x TELEGRAM_BOT_TOKEN=1234567890:simulated-telegram-token-000000000 API_FOOTBALL_KEY=simulated-football-key
  fi
  setsid "$bin/phoenix" --config "$home/phoenix/phoenix.yaml" run </dev/null >"$home/phoenix.log" 2>&1 &
  phoenix=$!
}

start_pulse() {
  setsid "$bin/pulse" --config "$config" run </dev/null >"$home/pulse.log" 2>&1 &
  pulse=$!
}

# wait_for NAME PID: until it is ready, or the script is to stop; its address goes to $address.
wait_for() {
  local deadline=$((SECONDS + start_seconds)) log=$home/$1.log
  address=''
  until [[ $address ]] && curl -fsS --noproxy '*' -m 5 -o /dev/null "http://$address/readyz" 2>/dev/null; do
    [[ ! $stopping ]] || exit 130
    kill -0 "$2" 2>/dev/null || fail "$1 ended before it was ready: $(tail -n 5 "$log")"
    ((SECONDS < deadline)) || fail "$1 is not ready after $start_seconds s: $(tail -n 5 "$log")"
    pause 0.1
    address=$(sed -n 's/.*listening.* address=\(127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" | tail -n 1)
  done
}

# ---- looking at it

ask_database() { sqlite3 -readonly -cmd '.timeout 10000' "$database" "$1"; }

summary() {
  ask_database "SELECT printf('%d runs: %d with success, %d without news, %d going on, %d other; %d rows inserted, %d updated',
      count(*), sum(state = 'success'), sum(state = 'not_modified'), sum(state = 'running'),
      sum(state NOT IN ('success', 'not_modified', 'running')),
      sum(inserted), sum(updated)) FROM pulse_runs"
}

# Until it is stopped, pulse ends, or the time is over.
watch_it() {
  local began=$SECONDS said=$SECONDS
  if [[ -t 1 ]]; then
    setsid "$bin/pulse" --config "$config" status --watch </dev/null 2>"$home/watch.log" &
    watch=$!
  fi
  while [[ ! $stopping ]] && kill -0 "$pulse" 2>/dev/null && { [[ ! $phoenix ]] || kill -0 "$phoenix" 2>/dev/null; }; do
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
  while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(PULSE|PHOENIX)_|_(TOKEN|KEY)$' || true)
  export PRODUCTHUNT_TOKEN=simulated-token no_proxy='*' NO_PROXY='*'
  rm -rf "$home"
fi
mkdir -p "$home"
if [[ ! $real ]]; then start_world; fi
write_config
collectors=(collectors/*.yaml)
say "${#collectors[@]} collectors${real:+, the real hosts}${api:+ and a bot, a simulated world at $api}"
start_pulse
if [[ ! $real || (${TELEGRAM_BOT_TOKEN:-} && ${API_FOOTBALL_KEY:-}) ]]; then
  start_phoenix
else
  say "without a bot: TELEGRAM_BOT_TOKEN and API_FOOTBALL_KEY are not both set"
fi
wait_for pulse "$pulse"
page=http://$address/
if [[ $phoenix ]]; then
  wait_for phoenix "$phoenix"
  bot_page=http://$address/
fi
if [[ ! $real ]]; then
  say "a conversation with the bot, as the simulated Telegram received it:"
  deploy/demo/phoenix.py "$api" || { [[ $stopping ]] && exit 130; fail "$(tail -n 5 "$home/phoenix.log")"; }
  : >"$home/world.log"
  setsid deploy/demo/world.py "$api" ${limit:+--calm-after $((limit > calm ? limit - calm : 0))} \
    >"$home/world.log" 2>&1 </dev/null &
  world=$!
fi
say "the status page: $page"
[[ ! $bot_page ]] || say "the status page of phoenix: $bot_page"
say "logs: ${home#"$root"/}/pulse.log${phoenix:+ and phoenix.log}${world:+, what breaks: ${home#"$root"/}/world.log}; Ctrl-C stops everything"
watch_it

kill -0 "$pulse" 2>/dev/null || fail "pulse ended by itself: $(tail -n 5 "$home/pulse.log")"
[[ ! $phoenix ]] || kill -0 "$phoenix" 2>/dev/null || fail "phoenix ended by itself: $(tail -n 5 "$home/phoenix.log")"
wrong=''
if [[ $limit && ! $stopping ]]; then wrong=$(misses); fi
code=0 bot_code=0 world_code=0
if [[ $world ]]; then stop_one "$world" || world_code=$?; fi
if [[ $phoenix ]]; then stop_one "$phoenix" || bot_code=$?; fi
stop_one "$pulse" || code=$?
if [[ $simulator ]]; then stop_one "$simulator" || true; fi
counts=$(summary)
broken=$([[ ! $world ]] || grep -vc '^no more faults' "$home/world.log" || true)
world='' pulse='' phoenix='' simulator=''
say "$counts${broken:+; $broken things were broken on purpose}"
((code == 0)) || fail "pulse ended with exit code $code: $(tail -n 5 "$home/pulse.log")"
((bot_code == 0)) || fail "phoenix ended with exit code $bot_code: $(tail -n 5 "$home/phoenix.log")"
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
printf 'Look around: %s (databases, logs)\n' "${home#"$root"/}"
