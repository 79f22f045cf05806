#!/usr/bin/env bash
# A site of files (maillon export) is checked from outside as a node is: its catalogue
# against the official shapes, its journal by tessera's fsck, served by nginx with the
# excerpt that lies in the folder, and by python's web server, which knows nothing.
#   static.sh MAILLON   (MAILLON_FSCK_CACHE keeps fsck; MAILLON_SHACL_CHECK and
#                        MAILLON_CONFORMANCE name the checker and the shapes)
set -euo pipefail
maillon=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
pids=()
# shellcheck disable=SC2317 # the trap calls it
clean() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  [ ! -e "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
fail() { echo "FAILED: $*"; exit 1; }
wait_for() {
  for _ in $(seq 100); do ! curl -fs -o /dev/null "$1" || return 0; sleep 0.1; done
  fail "$1 does not answer"
}

port=18611
base=http://127.0.0.1:$port/decp
cat >"$work/maillon.yaml" <<EOF
node: {id: "21350238800019", name: Ville de Rennes, level: commune, territory: "fr:commune:35238", contact: marches@exemple.fr}
url: $base
data: $work/data
http: {listen: "127.0.0.1:18612", admin: "127.0.0.1:18613"}
federation: {allow_private: true}
EOF
go run ./bench/gen -bytes 400000 -buyer 21350238800019 -o "$work/contrats.json"
"$maillon" run -c "$work/maillon.yaml" >"$work/log" 2>&1 &
pids+=($!)
wait_for http://127.0.0.1:18612/readyz
"$maillon" publish -c "$work/maillon.yaml" "$work/contrats.json" >/dev/null
mkdir "$work/www"
"$maillon" export -c "$work/maillon.yaml" --site "$work/www/decp"
kill "${pids[0]}"
wait "${pids[0]}" || true
pids=()

check() { # URL SHAPES…
  local url=$1
  shift
  [ -n "${MAILLON_SHACL_CHECK:-}" ] || { echo "SKIPPED: $url: MAILLON_SHACL_CHECK is not set"; return; }
  (cd "$MAILLON_SHACL_CHECK" && node check.mjs "$url" "${@/#/$MAILLON_CONFORMANCE/dcat/shapes/}") >"$work/said" || { tail -20 "$work/said"; fail "$url"; }
  echo "shapes: $url"
}
judge() {
  for name in catalog.ttl catalog.jsonld catalog.rdf catalog/all.ttl buyers/21350238800019/catalog.ttl; do
    check "$base/$name" 3.0.1/dcat-ap-SHACL.ttl 3.0.1/ranges.ttl
  done
  check "$base/catalog-dcat-ap-2.1.1.ttl" 2.1.1/dcat-ap_2.1.1_shacl_shapes.ttl 2.1.1/dcat-ap_2.1.1_shacl_range.ttl
}

if command -v nginx >/dev/null; then
  sed "s#/chemin/du/dossier/#$work/www/decp/#" "$work/www/decp/maillon-nginx.conf" >"$work/part.conf"
  chmod 755 "$work"
  cat >"$work/nginx.conf" <<EOF
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
  server { listen 127.0.0.1:$port; include $work/part.conf; }
}
EOF
  nginx -c "$work/nginx.conf"
  wait_for "$base/"
  judge
  sh .ci/fsck.sh "$base/journal/" "$work/www/decp/journal/key"
  for accept in text/turtle application/ld+json application/rdf+xml application/n-triples; do
    said=$(curl -fsS -o /dev/null -w '%{content_type}' -H "Accept: $accept" "$base/catalog")
    [ "${said%%;*}" = "$accept" ] || fail "nginx: /catalog asked as $accept is $said"
  done
  kill "$(cat "$work/nginx.pid")"
  while curl -fs -o /dev/null "$base/"; do sleep 0.1; done
else
  echo "SKIPPED: no nginx"
fi

python3 -m http.server --bind 127.0.0.1 -d "$work/www" "$port" >/dev/null 2>&1 &
pids+=($!)
wait_for "$base/"
sh .ci/fsck.sh "$base/journal/" "$work/www/decp/journal/key"
# One byte that flips is seen: the check above could fail.
printf 'x' | dd of="$work/www/decp/journal/tile/entries/000" bs=1 seek=40 conv=notrunc 2>/dev/null
if sh .ci/fsck.sh "$base/journal/" "$work/www/decp/journal/key" 2>/dev/null; then fail "a flipped byte passes"; fi
echo "a site of files: the catalogue and the journal are whole, from $(find "$work/www" -type f | wc -l) files"
