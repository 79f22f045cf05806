// Judges each line of NDJSON files by a JSON Schema, with ajv.
//
//   node lines.mjs SCHEMA FILE…
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import Ajv from 'ajv'

const [schemaFile, ...files] = process.argv.slice(2)
const ajv = new Ajv({ strict: true, strictRequired: false, validateFormats: false, logger: false })
const judge = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')))
let bad = 0
for (const file of files) {
  let n = 0
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    n++
    if (!judge(JSON.parse(line)) && bad++ < 5) console.log('INVALID', file, n, JSON.stringify(judge.errors.slice(0, 3)))
  }
  console.log(file, n, 'lines')
}
process.exit(bad ? 1 : 0)
