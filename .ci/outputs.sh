#!/usr/bin/env bash
# What `maillon convert` writes of every real file, and the files that a hub makes of
# all of them together, must pass the official schemas (and what has none, the schema
# that we publish), checked with engines that are not ours: ajv and xmllint.
#   outputs.sh MAILLON   (MAILLON_CONFORMANCE names the real files and schemas)
set -euo pipefail
maillon=$1
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/bench/ajv/{package.json,package-lock.json,validate.mjs,lines.mjs} "$work/"
(cd "$work" && npm ci --silent --no-audit --no-fund)

schemas=$MAILLON_CONFORMANCE/schemas
declare -A json=(
  [json-2.0.4]=$schemas/v2.0.4/schema_decp_v2.0.4.json
  [json-2.0.3]=$schemas/v2.0.3/schema_decp_v2.0.3.json
  [json-1.5.0]=$schemas/v1.5.0/marches.json
)
declare -A xml=(
  [xml-2.0.2]=$schemas/v2.0.2/schema_decp_v2.0.2.xsd
  [xml-1.5.0]=$schemas/v1.5.0/marches.xsd
)
mkdir "$work/out"
n=0
while IFS= read -r file; do
  n=$((n + 1))
  for to in "${!json[@]}" "${!xml[@]}"; do
    # Exit 1 says that contracts were left out; what was written still counts.
    "$maillon" convert --conforming --to "$to" -o "$work/out/$n.$to" "$file" 2>/dev/null || [ $? = 1 ]
    # A file without a contract of that vocabulary is nothing to check.
    if [ -e "$work/out/$n.$to" ] && ! grep -qE '"id"|<id>' "$work/out/$n.$to"; then rm "$work/out/$n.$to"; fi
  done
done < <(find "$MAILLON_CONFORMANCE/pivot/v1" "$MAILLON_CONFORMANCE/pivot/v2" "$MAILLON_CONFORMANCE/pivot/official" -name '*.json' -o -name '*.xml' | sort)

bad=0
for to in "${!json[@]}"; do
  files=("$work"/out/*."$to")
  node "$work/validate.mjs" --whole "${json[$to]}" "${files[@]}" >"$work/said" || { bad=1; grep -v '^valid' "$work/said"; }
  echo "$to: ${#files[@]} files, $(grep -c '^valid' "$work/said") accepted by ajv"
done
for to in "${!xml[@]}"; do
  files=("$work"/out/*."$to")
  xmllint --noout --schema "${xml[$to]}" "${files[@]}" 2>"$work/said" || { bad=1; grep -v ' validates$' "$work/said" | head -20; }
  echo "$to: ${#files[@]} files, $(grep -c ' validates$' "$work/said") accepted by xmllint"
done

mkdir "$work/edition"
(cd "$here" && MAILLON_EDITION_OUT="$work/edition" go test -count=1 -run TestTheEditionOfRealFiles ./node/edition)
for what in "decret.json ${json[json-2.0.3]}" "decret-1x.json ${json[json-1.5.0]}"; do
  read -r file schema <<<"$what"
  node "$work/validate.mjs" --whole "$schema" "$work/edition/$file" || bad=1
done
for what in "decret.xml ${xml[xml-2.0.2]}" "decret-1x.xml ${xml[xml-1.5.0]}"; do
  read -r file schema <<<"$what"
  xmllint --noout --schema "$schema" "$work/edition/$file" 2>"$work/said" || { bad=1; head -20 "$work/said"; }
done
node "$work/lines.mjs" "$work/edition/contrat.schema.json" "$work/edition/etendu.ndjson" "$work/edition/complet.ndjson" || bad=1
echo "a hub's files of all of them: $(find "$work/edition" -type f | wc -l), judged"
exit $bad
