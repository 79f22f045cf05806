// Judges each record of a file by the official JSON Schema, with ajv.
//
//   node validate.mjs [--all] SCHEMA FILE     {"marches":{"marche":[…]}} or a record a line
//   node validate.mjs --whole SCHEMA FILE…    each file as one document
//
// --all lists every error of a record, as maillon does, instead of the first.
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import Ajv from 'ajv'

const args = process.argv.slice(2)
const flags = new Set(args.filter((a) => a.startsWith('--')))
const [schemaFile, ...files] = args.filter((a) => !a.startsWith('--'))
const schema = JSON.parse(readFileSync(schemaFile, 'utf8'))
dropIDs(schema)

// ajv knows draft-07. Up to 1.5.0 the schemas are of draft-04, where a schema's
// own name is called id; nothing refers to it.
function dropIDs(node) {
  delete node.$schema
  if (typeof node.id === 'string') delete node.id
  for (const value of Object.values(node)) if (value && typeof value === 'object') dropIDs(value)
}

const ajv = new Ajv({ strict: false, allErrors: flags.has('--all'), validateFormats: false, unicodeRegExp: false, logger: false })

if (flags.has('--whole')) {
  const whole = ajv.compile(schema)
  let bad = 0
  for (const file of files) {
    const ok = whole(JSON.parse(readFileSync(file, 'utf8')))
    console.log(ok ? 'valid' : 'INVALID', file, ok ? '' : JSON.stringify(whole.errors.slice(0, 3)))
    if (!ok) bad++
  }
  process.exit(bad ? 1 : 0)
}

ajv.addSchema({ ...schema, $id: 'pivot' })
const lists = schema.properties.marches.properties ?? schema.properties.marches.allOf[0].properties
const judge = {}
for (const kind of ['marche', 'contrat-concession']) {
  const items = lists ? `pivot#/properties/marches/properties/${kind}/items` : undefined
  judge[kind] = ajv.compile({ $ref: items })
}

let valid = 0
let invalid = 0
function see(kind, record) {
  if (judge[kind](record)) valid++
  else invalid++
}

if (files[0].endsWith('.ndjson')) {
  for await (const line of createInterface({ input: createReadStream(files[0]), crlfDelay: Infinity })) {
    const record = JSON.parse(line)
    see('autoriteConcedante' in record ? 'contrat-concession' : 'marche', record)
  }
} else {
  const { marches } = JSON.parse(readFileSync(files[0], 'utf8'))
  for (const kind of Object.keys(judge)) for (const record of marches[kind] ?? []) see(kind, record)
}
console.log(JSON.stringify({ valid, invalid }))
