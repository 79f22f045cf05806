package pivot

import _ "embed"

// CompletSchema is the JSON Schema (draft 7) of a line of the contents étendu and
// complet, as [WriteComplet] writes it.
//
//go:embed complet.schema.json
var CompletSchema []byte
