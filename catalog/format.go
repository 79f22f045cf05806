package catalog

import (
	"slices"
	"strings"
)

// Formats that Maillon publishes.
const (
	JSON    Format = "JSON"
	XML     Format = "XML"
	CSV     Format = "CSV"
	NDJSON  Format = "NDJSON" // one JSON object per line; the table has no code for it
	Parquet Format = "PARQUET"
	XLSX    Format = "XLSX"
)

// A formatRow is what is known of a format. The order of the table is that in
// which formats are listed.
type formatRow struct {
	code     Format
	media    string // "" if it has none
	names    string // other names that catalogues give it, in small letters
	closed   bool   // one company's own
	forHuman bool   // no program reads its content as data
}

var formatTable = []formatRow{
	{code: JSON, media: "application/json", names: "text/json"},
	{code: XML, media: "application/xml", names: "text/xml"},
	{code: CSV, media: "text/csv", names: "application/csv text/comma-separated-values csvw"},
	{code: NDJSON, media: "application/x-ndjson", names: "jsonl jsonlines application/jsonl application/ndjson"},
	{code: Parquet, media: "application/vnd.apache.parquet", names: "application/x-parquet geoparquet"},
	{code: XLSX, media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", names: "excel"},
	{code: "XLS", media: "application/vnd.ms-excel", closed: true},
	{code: "ODS", media: "application/vnd.oasis.opendocument.spreadsheet"},
	{code: "TSV", media: "text/tab-separated-values"},
	{code: "GEOJSON", media: "application/geo+json", names: "application/vnd.geo+json"},
	{code: "SHP", media: "application/vnd.shp", names: "shapefile shape application/x-shapefile esri"},
	{code: "GPKG", media: "application/geopackage+sqlite3", names: "geopackage"},
	{code: "GML", media: "application/gml+xml"},
	{code: "KML", media: "application/vnd.google-earth.kml+xml"},
	{code: "KMZ", media: "application/vnd.google-earth.kmz"},
	{code: "WMS_SRVC", names: "wms ogc:wms"},
	{code: "WFS_SRVC", names: "wfs ogc:wfs"},
	{code: "JSON_LD", media: "application/ld+json", names: "jsonld json-ld"},
	{code: "RDF_XML", media: "application/rdf+xml", names: "rdf rdfxml rdf/xml"},
	{code: "RDF_TURTLE", media: "text/turtle", names: "ttl turtle"},
	{code: "RDF_N_TRIPLES", media: "application/n-triples", names: "nt n-triples"},
	{code: "TXT", media: "text/plain", names: "text"},
	{code: "HTML", media: "text/html", names: "htm web page", forHuman: true},
	{code: "PDF", media: "application/pdf", forHuman: true},
	{code: "DOC", media: "application/msword", closed: true, forHuman: true},
	{code: "DOCX", media: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", forHuman: true},
	{code: "ODT", media: "application/vnd.oasis.opendocument.text", forHuman: true},
	{code: "JPEG", media: "image/jpeg", names: "jpg", forHuman: true},
	{code: "PNG", media: "image/png", forHuman: true},
	{code: "TIFF", media: "image/tiff", names: "tif geotiff"},
	{code: "ZIP", media: "application/zip"},
	{code: "GZIP", media: "application/gzip", names: "gz application/x-gzip"},
	{code: "GTFS", names: "gtfs-rt"},
	{code: "ATOM", media: "application/atom+xml"},
	{code: "RSS", media: "application/rss+xml"},
	{code: "ICS", media: "text/calendar"},
	{code: "SQL", media: "application/sql"},
}

// Formats lists every format.
func Formats() []Format {
	list := make([]Format, len(formatTable))
	for i, r := range formatTable {
		list[i] = r.code
	}
	return list
}

func (f Format) row() (formatRow, bool) {
	i := slices.IndexFunc(formatTable, func(r formatRow) bool { return r.code == f })
	if i < 0 {
		return formatRow{}, false
	}
	return formatTable[i], true
}

// MediaType is the media type of f, without parameters, or "" if f is unknown
// or has none.
func (f Format) MediaType() string { r, _ := f.row(); return r.media }

// Open reports whether f belongs to nobody: false for what is unknown.
func (f Format) Open() bool { r, ok := f.row(); return ok && !r.closed }

// MachineReadable reports whether programs read the content of f as data:
// false for what is unknown.
func (f Format) MachineReadable() bool { r, ok := f.row(); return ok && !r.forHuman }

// FormatOf finds the format that a foreign catalogue names: a code, a media
// type (parameters and the IRI before it do not count), a suffix or another
// usual name. "" if there is none.
func FormatOf(name string) Format {
	name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), ";")
	if _, media, ok := strings.Cut(name, "/media-types/"); ok {
		name = media
	} else if i := strings.LastIndexAny(name, "/#"); strings.Contains(name, "://") && i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	if name == "" {
		return ""
	}
	for _, r := range formatTable {
		if strings.EqualFold(string(r.code), name) || r.media == name || slices.Contains(strings.Fields(r.names), name) {
			return r.code
		}
	}
	return ""
}
