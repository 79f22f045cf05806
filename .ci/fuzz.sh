#!/usr/bin/env bash
# Runs every fuzz target of the module, FUZZTIME each, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-20s}
go list -f '{{.Dir}}|{{join .TestGoFiles " "}} {{join .XTestGoFiles " "}}' ./... | while IFS='|' read -r dir files; do
  for f in $files; do
    sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$dir/$f"
  done | sort -u | while read -r target; do
    echo "== $dir $target ($time)"
    (cd "$dir" && go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 2 .)
  done
done
