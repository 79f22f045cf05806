package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/audit"
	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/facet"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	integrity "maillon/federation/audit"
	"maillon/node/api/openapi"
	"maillon/node/deposit"
	"maillon/node/harvester"
	"maillon/store/search"
	"maillon/store/view"
)

// operations is everything that /api answers: it is what /openapi.json and the page
// /api are made from, and a test holds it to the routes and to real answers. A new
// route needs its line here and its words in catalog/texts/openapi.yaml.
var operations = []openapi.Operation{
	get("contracts", "listContracts", "/api/v1/contracts", search.Result{}, slices.Concat(contractParams, params{{Name: "sort", Enum: named(search.Sorts())}, {Name: "facets", Example: "all"}, after, limit(maxPage), lang}), also("application/x-ndjson")),
	get("contracts", "listFacets", "/api/v1/facets", facetsAnswer{}, slices.Concat(contractParams, params{{Name: "facets", Example: "all"}, lang})),
	get("contracts", "getContract", "/api/v1/contracts/{buyer}/{slug}", ContractJSON{}, contractName),
	get("contracts", "getHistory", "/api/v1/contracts/{buyer}/{slug}/history", HistoryJSON{}, contractName),
	get("contracts", "listConflicts", "/api/v1/conflicts", page[ConflictJSON]{},
		params{{Name: "kind", Enum: []string{"sources", "collision", "duplicates"}}, {Name: "state", Enum: []string{"open", "settled"}}, {Name: "buyer"}, after, limit(maxConflicts), lang}),
	get("contracts", "listReports", "/api/v1/reports", page[ReportJSON]{},
		params{{Name: "state", Enum: []string{"waiting", "received", "answered", "corrected", "rejected"}}, {Name: "contract"}, {Name: "buyer"}, {Name: "node"}, after, limit(maxPage), lang}),
	get("contracts", "getReport", "/api/v1/reports/{id}", ReportJSON{}, params{{Name: "id"}}),
	getOther("contracts", "listChanges", "/api/v1/changes", "application/x-ndjson", params{
		{Name: "since"}, limit(mostChanges), {Name: "wait", Type: "integer", Most: int(mostWait / time.Second)}, {Name: "buyer"},
		{Name: "departement", Example: "35"}, {Name: "record", Enum: []string{"yes", "no"}}, lang,
	}),
	{ID: "exportContracts", Tag: "contracts", Method: http.MethodGet, Path: "/api/v1/contracts.{format}",
		Params: slices.Concat(params{{Name: "format", Enum: exportNames()}}, contractParams, params{{Name: "sort", Enum: named(search.Sorts())}, lang}),
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: exportMedia()}}},
	get("contracts", "getStats", "/api/v1/stats", StatsAnswer{}, slices.Concat(params{
		{Name: "by", Example: "year"}, {Name: "measures", Example: "count,sum:amount,median:amount"}, {Name: "format", Enum: []string{"json", "csv"}}, {Name: "as_published", Enum: []string{"0", "1"}},
	}, contractParams, params{lang}), also("text/csv")),
	get("contracts", "getIndicators", "/api/v1/indicators", IndicatorsAnswer{}, slices.Concat(contractParams, params{lang})),
	get("contracts", "getTargets", "/api/v1/targets", items[TargetJSON]{}, params{{Name: "buyer"}, lang}),
	get("contracts", "getBudget", "/api/v1/buyers/{siret}/budget", BudgetJSON{}, params{{Name: "siret"}, lang}),
	{ID: "postAlert", Tag: "contracts", Method: http.MethodPost, Path: "/api/v1/alerts", Body: &openapi.Body{Required: true, Media: jsonOnly},
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: jsonOnly, Value: AlertJSON{}}}},
	get("contracts", "getAlert", "/api/v1/alerts/{token}", AlertJSON{}, params{{Name: "token"}}),
	{ID: "deleteAlert", Tag: "contracts", Method: http.MethodDelete, Path: "/api/v1/alerts/{token}", Params: params{{Name: "token"}},
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: jsonOnly, Value: AlertJSON{}}}},
	get("contracts", "getSupplier", "/api/v1/suppliers/{id}", SupplierJSON{}, params{{Name: "id", Example: "35600000000048"}}),
	get("contracts", "getEnrichment", "/api/v1/enrichment", KnownJSON{}, nil),

	get("catalogue", "listDatasets", "/api/v1/datasets", datasetsAnswer{}, append(facetParams[:len(facetParams):len(facetParams)], after, limit(datasetsMost))),
	get("catalogue", "getDataset", "/api/v1/datasets/{id}", DatasetDetail{}, params{{Name: "id"}, lang}),
	get("catalogue", "listSources", "/api/v1/sources", page[harvester.Source]{}, nil),
	get("catalogue", "getQuality", "/api/v1/quality", qualityAnswer{}, nil),

	get("deposits", "listDeposits", "/api/v1/deposits", items[deposit.Report]{}, nil),
	get("deposits", "getDeposit", "/api/v1/deposits/{id}", ExplainedReport{}, params{{Name: "id"}, lang}, also("text/csv")),
	{ID: "postDeposit", Tag: "deposits", Method: http.MethodPost, Path: "/api/v1/deposits", Token: true, Body: aFile,
		Params: params{{Name: "name"}, {Name: "series"}, {Name: "mode", Enum: []string{"merge", "replace"}}, {Name: "force", Type: "boolean"}, lang},
		Answer: []openapi.Answer{
			{Status: http.StatusOK, Media: jsonOnly, Value: ExplainedReport{}},
			{Status: http.StatusCreated, Media: jsonOnly, Value: ExplainedReport{}},
			{Status: http.StatusUnprocessableEntity, Media: jsonOnly, Value: ExplainedReport{}},
		}},
	{ID: "postRetraction", Tag: "deposits", Method: http.MethodPost, Path: "/api/v1/retractions", Token: true,
		Params: params{{Name: "op", Enum: []string{"withdraw", "redact"}, Required: true}, {Name: "entry", Type: "integer", Required: true}, {Name: "reason", Required: true}},
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: jsonOnly, Value: retractionAnswer{}}}},

	{ID: "postValidate", Tag: "reference", Method: http.MethodPost, Path: "/api/v1/validate", Body: aFile,
		Params: params{{Name: "name"}, {Name: "schema", Example: "2.0.4"}, {Name: "all", Type: "boolean"}, lang},
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: []string{"application/json", "application/x-ndjson", "text/csv"}, Value: validateAnswer{}}}},
	{ID: "postCompare", Tag: "reference", Method: http.MethodPost, Path: "/api/v1/compare", Body: aFile, Params: params{{Name: "name"}},
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: jsonOnly, Value: CompareJSON{}}}},
	get("reference", "listRules", "/api/v1/rules", items[RuleEntry]{}, params{lang}),
	get("reference", "getRule", "/api/v1/rules/{id}", RuleEntry{}, params{{Name: "id", Example: "siret-key"}, lang}),
	get("reference", "getDictionary", "/api/v1/dictionary", dictionaryAnswer{}, params{lang}),
	get("reference", "getTableSchema", "/api/v1/table-schema", any(map[string]any{}), params{lang}),

	get("federation", "listNodes", "/api/v1/nodes", page[NodeStatus]{}, nil),
	get("federation", "getNode", "/api/v1/nodes/{id}", NodeStatus{}, params{{Name: "id"}}),
	get("federation", "getClimb", "/api/v1/nodes/{id}/climb", climbAnswer{}, params{{Name: "id"}}),
	get("federation", "listSuccessions", "/api/v1/successions", page[view.SuccessionRow]{}, nil),
	get("federation", "getIntegrity", "/api/v1/audit/integrity", integrity.Integrity{}, nil),
	get("federation", "getAudit", "/api/v1/audit", wholeAudit{}, auditParams),
	getOther("federation", "getAuditTable", "/api/v1/audit.csv", "text/csv", auditParams),
	get("federation", "getLetter", "/api/v1/audit/{siret}", letterAnswer{}, params{{Name: "siret"}, lang}),
}

type params = []openapi.Param

// Parameters that several operations take.
var (
	lang  = openapi.Param{Name: "lang", Enum: []string{string(texts.French), string(texts.English)}}
	after = openapi.Param{Name: "after"}

	contractName   = params{{Name: "buyer"}, {Name: "slug"}}
	contractParams = searchParams()
	facetParams    = params{
		{Name: "q"}, {Name: "theme", Example: "GOVE"}, {Name: "publisher"}, {Name: "level", Enum: levelNames()}, {Name: "territory", Example: "fr:departement:35"},
		{Name: "format", Example: "CSV"}, {Name: "quality", Enum: ratingNames}, {Name: "modified_since", Example: "2026-01-31"},
	}
	auditParams = params{
		{Name: "level", Enum: levelNames()}, {Name: "territory", Example: "fr:departement:35"},
		{Name: "state", Enum: named(audit.States())}, {Name: "obstacle", Enum: named(audit.Obstacles())}, after, limit(maxPage), lang,
	}
)

// exportMedia are the media types of the files of a search.
func exportMedia() []string {
	var list []string
	for _, e := range exporters {
		list = append(list, strings.TrimSuffix(e.media, "; charset=utf-8"))
	}
	return list
}

func limit(most int) openapi.Param {
	return openapi.Param{Name: "limit", Type: "integer", Least: 1, Most: most, Example: "10"}
}

// Words of a few values.
var (
	kinds          = []string{string(pivot.Marche), string(pivot.Concession)}
	contractStates = []string{string(pivot.Conforming), string(pivot.ToCorrect), string(view.Withdrawn), "redacted"}
	ratingNames    = []string{string(catalog.Excellent), string(catalog.Good), string(catalog.Sufficient), string(catalog.Bad)}
)

func levelNames() []string { return named(territory.Levels()) }

func named[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, one := range list {
		out[i] = string(one)
	}
	return out
}

// The bodies of requests and answers.
var (
	jsonOnly = []string{"application/json"}
	aFile    = &openapi.Body{Required: true, Media: []string{"application/json", "application/xml", "text/csv", "multipart/form-data", "application/octet-stream"}}
)

type operationOption func(*openapi.Operation)

// also adds other media that the answer is written in.
func also(media ...string) operationOption {
	return func(o *openapi.Operation) { o.Answer[0].Media = append([]string{"application/json"}, media...) }
}

func get(tag, id, path string, value any, p params, options ...operationOption) openapi.Operation {
	o := openapi.Operation{ID: id, Tag: tag, Method: http.MethodGet, Path: path, Params: p,
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: jsonOnly, Value: value}}}
	for _, option := range options {
		option(&o)
	}
	return o
}

// getOther is an operation whose answer is no JSON.
func getOther(tag, id, path, media string, p params) openapi.Operation {
	return openapi.Operation{ID: id, Tag: tag, Method: http.MethodGet, Path: path, Params: p,
		Answer: []openapi.Answer{{Status: http.StatusOK, Media: []string{media}}}}
}

// Shapes of answers that no other type names.
type (
	page[T any] struct {
		Total int    `json:"total"`
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty"`
	}
	items[T any] struct {
		Items []T `json:"items"`
	}
	datasetsAnswer struct {
		page[DatasetItem]
		Facets facet.Facets `json:"facets"`
	}
	qualityAnswer struct {
		Average int            `json:"average"`
		Rating  catalog.Rating `json:"rating"`
		Items   []DatasetScore `json:"items"`
	}
	retractionAnswer struct {
		Entry  uint64   `json:"entry"`
		Op     entry.Op `json:"op"`
		Target uint64   `json:"target"`
	}
	validateAnswer struct {
		Records []validatedRecord `json:"records"`
		Left    int               `json:"left"`
		validatedFile
	}
	dictionaryAnswer struct {
		Marche     []FieldEntry `json:"marche"`
		Concession []FieldEntry `json:"contrat-concession"`
	}
	climbAnswer struct {
		Steps []Step `json:"steps"`
	}
	wholeAudit struct {
		Territory    territory.Geozone  `json:"territory"`
		Vintage      int                `json:"vintage"`
		At           time.Time          `json:"at"`
		Summary      audit.Total        `json:"summary"`
		Outside      int                `json:"outside"`
		Obstacles    []audit.Count      `json:"obstacles"`
		Levels       []audit.Total      `json:"levels"`
		Departements []audit.Total      `json:"departements"`
		EPCIs        []audit.Total      `json:"epcis"`
		Figures      AuditFigures       `json:"figures"`
		Actors       page[*audit.Actor] `json:"actors"`
	}
	letterAnswer struct {
		At      time.Time    `json:"at"`
		Actor   *audit.Actor `json:"actor"`
		Figures AuditFigures `json:"figures"`
		Letter  audit.Letter `json:"letter"`
	}
)

// described is the API as /openapi.json and the page /api show it.
var described = openapi.API{
	Operations: operations,
	Problem:    Problem{},
	Enums: map[reflect.Type][]string{
		reflect.TypeFor[pivot.Kind]():       kinds,
		reflect.TypeFor[contract.Case]():    {string(contract.Alone), string(contract.Versions), string(contract.Lots), string(contract.Folded)},
		reflect.TypeFor[catalog.Severity](): {string(catalog.Error), string(catalog.Warning)},
		reflect.TypeFor[catalog.Rating]():   ratingNames,
		reflect.TypeFor[audit.State]():      named(audit.States()),
		reflect.TypeFor[audit.Obstacle]():   named(audit.Obstacles()),
		reflect.TypeFor[entry.Op]():         {string(entry.Put), string(entry.Withdraw), string(entry.Redact), string(entry.Statement)},
	},
	Fields: fieldText,
}

// fieldText describes a field of a schema: those of contracts as the data dictionary
// does, others by the table of texts; "" for those that speak for themselves.
func fieldText(schema, field string, lang texts.Lang) string {
	key := "openapi.field." + schema + "." + field
	if schema == "Contract" {
		key = "field." + field + ".text"
	}
	if !texts.Has(key) {
		return ""
	}
	return texts.T(lang, key)
}

// Readings lists the operations of the API that only read: what `maillon query` asks.
func Readings() []openapi.Operation {
	var out []openapi.Operation
	for _, o := range operations {
		if o.Readable() {
			out = append(out, o)
		}
	}
	return out
}
