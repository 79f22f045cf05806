#!/usr/bin/env bash
# Every kind of page in a real browser: axe (WCAG 2.1 AA) at three widths, by day and
# night, with and without JavaScript; html-validate; and a walk through the main tasks
# of the four profiles. Skips, and says so, where there is no Chromium or no npm.
# usage: ui.sh MAILLON WORK
set -euo pipefail
cd "$(dirname "$0")"
maillon=$1 work=$2 port=${UI_PORT:-18180}
base="http://localhost:$port"
for tool in npm node curl; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: there is no $tool, so no page was looked at"; exit 0; }
done
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || [ -n "${CHROMIUM:-}" ] || { echo "SKIPPED: there is no chromium, so no page was looked at"; exit 0; }

mkdir -p "$work/html"
cp ui/package.json ui/walk.js ui/htmlvalidate.json "$work/"
(cd "$work" && npm install --silent --no-audit --no-fund)

pivots=()
if [ -n "${MAILLON_CONFORMANCE:-}" ]; then
  pivots=(--pivot "$MAILLON_CONFORMANCE/pivot/v2/dematis13.json" --pivot "$MAILLON_CONFORMANCE/pivot/official" --pivot "$MAILLON_CONFORMANCE/pivot/v1/aws-2019.json")
fi
"$maillon" demo --port "$port" "${pivots[@]}" >"$work/demo.log" 2>&1 &
demo=$!
trap 'kill $demo 2>/dev/null || true; wait $demo 2>/dev/null || true' EXIT
for _ in $(seq 120); do
  grep -q 'Ctrl-C' "$work/demo.log" && break
  kill -0 $demo || { cat "$work/demo.log"; exit 1; }
  sleep 1
done

one() { curl -fsS "$base/api/v1/facets?facets=$1" | node -e 'let s="";process.stdin.on("data",d=>s+=d).on("end",()=>console.log(JSON.parse(s).facets[process.argv[1]][0].code))' "$1"; }
buyer=$(one buyer) supplier=$(one supplier)
contract=$(curl -fsS "$base/api/v1/contracts?limit=1" | node -e 'let s="";process.stdin.on("data",d=>s+=d).on("end",()=>console.log(JSON.parse(s).items[0].address))')
dataset=$(curl -fsS "$base/api/v1/datasets?limit=1" | node -e 'let s="";process.stdin.on("data",d=>s+=d).on("end",()=>console.log(new URL(JSON.parse(s).items[0].page).pathname))')
pages=(/ "/marches?q=travaux" "/marches?q=zzzzz" "/marches/$contract" "/acheteurs/$buyer" "/titulaires/$supplier" /territoires/region/53 /profils
  "/profils/acheteur?buyer=$buyer" "/profils/entreprise?departement=35" "/profils/elu?name=bretagne" /profils/citoyen /chiffres "/chiffres?embed=1" /api
  /catalogue "$dataset" /register /audit /conflits /qualite /sources /valider /dictionnaire /regles /editeurs /connexion /boite-a-outils
  /accessibilite /mentions-legales /donnees-personnelles /rien)

echo "--- html-validate"
i=0
for p in "${pages[@]}"; do
  i=$((i + 1))
  curl -sS -H 'Accept: text/html' -H 'Accept-Language: fr' "$base$p" >"$work/html/$i.html"
done
(cd "$work" && npx html-validate --config htmlvalidate.json html/*.html)

echo "--- walk"
(cd "$work" && node walk.js "$base")

if [ -z "${MAILLON_CONFORMANCE:-}" ]; then
  echo "SKIPPED: axe, without the conformance material"
  exit 0
fi
cp "$MAILLON_CONFORMANCE/ui-check/check.js" "$work/"
urls=("${pages[@]/#/$base}")
for how in "" --dark --no-js; do
  echo "--- ui-check ${how:-by day}"
  # shellcheck disable=SC2086
  (cd "$work" && node check.js $how --out "shots$how" "${urls[@]}" >"report$how.txt") || { grep -E '✗|!!' -A3 "$work/report$how.txt"; exit 1; }
  tail -n 1 "$work/report$how.txt"
  if grep -qE 'overflow-x=[1-9]|external=http' "$work/report$how.txt"; then
    grep -E 'overflow-x=[1-9]|external=http' -B1 "$work/report$how.txt"
    exit 1
  fi
done
