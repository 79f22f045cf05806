#!/usr/bin/env bash
# As root, on Debian: installs the package, lives through what an operator may live
# through, and removes it again. usage: .ci/deb.sh PACKAGE.deb
set -euo pipefail
package=$(realpath "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "$(id -u)" != 0 ] || ! command -v dpkg >/dev/null; then
  echo "SKIPPED: installing a package takes root and dpkg"
  exit 0
fi
if [ -e /etc/maillon/maillon.yaml ] || [ -e /var/lib/maillon/maillon.db ]; then
  echo "SKIPPED: a node lives on this machine already"
  exit 0
fi
export LANG=C.UTF-8
pid=
fail() { echo "FAILED: $*"; exit 1; }
clean() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  dpkg --purge maillon >/dev/null 2>&1 || true
  rm -rf /etc/maillon /var/lib/maillon /var/lib/maillon.before-* /var/backups/maillon
  ! getent passwd maillon >/dev/null || userdel maillon 2>/dev/null || true
}
trap clean EXIT

command -v adduser >/dev/null || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends adduser >/dev/null; }
dpkg -i "$package" >/dev/null
if command -v systemd-analyze >/dev/null; then
  systemd-analyze verify /lib/systemd/system/maillon.service || fail "the unit is not valid"
fi

echo "== init"
printf 'quatre mots faciles à retenir\n' >/tmp/maillon.pw.$$
maillon init --yes --siret 21350238800019 --contact marches@exemple.fr --password-file "/tmp/maillon.pw.$$" --listen localhost:18480 --admin localhost:18490
rm "/tmp/maillon.pw.$$"
maillon config check

# start runs the unit's own command line as the unit's user, since CI has no systemd.
start() {
  local line
  line=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/maillon.service)
  # shellcheck disable=SC2086
  setpriv --reuid maillon --regid maillon --clear-groups env -C /var/lib/maillon $line 2>>/tmp/maillon.log.$$ &
  pid=$!
  for _ in $(seq 100); do
    ! curl -fsS http://localhost:18480/readyz >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  cat "/tmp/maillon.log.$$"
  fail "not ready in 20 s"
}
stop() { kill -TERM "$pid"; wait "$pid" || fail "the node did not stop well"; pid=; }
contracts() { curl -fsS "http://localhost:18480/api/v1/contracts?limit=1" | sed 's/.*"total":\([0-9]*\).*/\1/'; }
healthy() { maillon doctor || fail "the doctor says that the node is ill"; }
ill() { ! maillon doctor >/tmp/maillon.doctor.$$ || fail "the doctor sees nothing: $1"; grep "✗ Store" /tmp/maillon.doctor.$$ || fail "it is not the store: $1"; grep -A1 "✗ Store" /tmp/maillon.doctor.$$ | grep -q "maillon restore" || fail "no command mends it"; }

echo "== publish, back up"
start
kill -HUP "$pid"
maillon publish "$here"/node/demo/samples/commune-1/*
sleep 2
n=$(contracts)
[ "$n" -gt 0 ] || fail "nothing is published"
healthy
maillon backup /var/backups/maillon/by-hand.tar.zst
stop
healthy

db=/var/lib/maillon/maillon.db
for harm in truncated byte deleted; do
  echo "== $harm"
  case $harm in
    truncated) truncate -s 12000 $db ;;
    byte) # one byte of each page, so that one is in use
      python3 - $db <<'PY'
import sys
path = sys.argv[1]
data = bytearray(open(path, "rb").read())
for page in range(2, len(data) // 4096):
    data[page * 4096 + 200] ^= 1
open(path, "r+b").write(data)
PY
      ;;
    deleted) rm $db ;;
  esac
  ill $harm
  maillon restore --force /var/backups/maillon/by-hand.tar.zst
  [ "$(stat -c %U $db)" = maillon ] || fail "the node cannot use what was restored"
  start
  [ "$(contracts)" = "$n" ] || sleep 3
  [ "$(contracts)" = "$n" ] || fail "$(contracts) contracts after the restore, want $n"
  healthy
  stop
done

echo "== remove"
dpkg -r maillon >/dev/null
[ ! -e /usr/bin/maillon ] || fail "the program is still there"
[ -e $db ] || fail "removing the package removed what was published"
echo "the package installs, serves, is mended and leaves"
