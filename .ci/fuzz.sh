#!/usr/bin/env bash
# Runs every fuzz target of the module, FUZZTIME each, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-5s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz runs one target of the package in the current folder. When time runs
# out while a worker is busy, go test says "context deadline exceeded" and
# fails without any failing input: that is the end of the time, not a finding.
fuzz() {
  go test -run '^$' -fuzz "^$1\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 2 . 2>&1 | tee "$log" && return 0
  if grep -q '^    context deadline exceeded$' "$log" && ! grep -q 'Failing input written' "$log"; then
    echo "time ran out, nothing found"
    return 0
  fi
  return 1
}

targets=0
while IFS='|' read -r dir files; do
  for f in $files; do
    for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$dir/$f"); do
      echo "== ${dir#"$PWD"/} $target ($time)"
      (cd "$dir" && fuzz "$target")
      targets=$((targets + 1))
    done
  done
done < <(go list -f '{{.Dir}}|{{join .TestGoFiles " "}} {{join .XTestGoFiles " "}}' ./...)
echo "$targets targets"
[ "$targets" -gt 0 ]
