#!/bin/sh
# fsck.sh URL KEYFILE — let tessera's fsck read the journal at URL.
#
# URL is the journal's prefix (http://host:port/journal/), KEYFILE holds the
# verifier key, as the journal serves it under "key".
#
# The tool is built once, in a module of its own, into the folder named by
# MAILLON_FSCK_CACHE. Its exit code is 0 even when it has found damage, so its
# last word is what counts; with one worker it can hang on a bad tile, so it
# gets eight and a time limit (MAILLON_FSCK_TIMEOUT, in seconds).
set -eu

[ $# -eq 2 ] || { echo "usage: fsck.sh URL KEYFILE" >&2; exit 2; }
url=${1%/}/
key=$2
version=v1.0.4
cache=${MAILLON_FSCK_CACHE:?name a folder that may keep the built tool}/$version
tool=$cache/fsck

if [ ! -x "$tool" ]; then
	mkdir -p "$cache"
	module=$(mktemp -d "$cache/module.XXXXXX")
	# The command's own path is fetched, so that the packages it alone needs come along.
	(
		cd "$module"
		go mod init throwaway
		go get "github.com/transparency-dev/tessera/cmd/fsck@$version"
		go build -o fsck github.com/transparency-dev/tessera/cmd/fsck
	) >"$module/log" 2>&1 || { cat "$module/log" >&2; exit 1; }
	mv "$module/fsck" "$tool"
	rm -r "$module"
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
timeout "${MAILLON_FSCK_TIMEOUT:-120}" "$tool" --storage_url "$url" --public_key "$key" --N 8 --ui=false >"$out" 2>&1 || true
if grep -q "Successfully fsck'd" "$out"; then
	echo "fsck: $url is whole"
else
	cut -c1-300 "$out" | head -40 >&2
	echo "fsck: $url is NOT whole" >&2
	exit 1
fi
