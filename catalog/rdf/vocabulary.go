package rdf

// Namespaces, and the prefixes they have in every syntax.
const (
	nsADMS  = "http://www.w3.org/ns/adms#"
	nsDCAT  = "http://www.w3.org/ns/dcat#"
	nsDCATA = "http://data.europa.eu/r5r/"
	nsDCT   = "http://purl.org/dc/terms/"
	nsEU    = "http://publications.europa.eu/resource/authority/"
	nsFOAF  = "http://xmlns.com/foaf/0.1/"
	nsGSP   = "http://www.opengis.net/ont/geosparql#"
	nsHydra = "http://www.w3.org/ns/hydra/core#"
	nsORG   = "http://www.w3.org/ns/org#"
	nsPROV  = "http://www.w3.org/ns/prov#"
	nsRDF   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsRDFS  = "http://www.w3.org/2000/01/rdf-schema#"
	nsSKOS  = "http://www.w3.org/2004/02/skos/core#"
	nsSPDX  = "http://spdx.org/rdf/terms#"
	nsVCARD = "http://www.w3.org/2006/vcard/ns#"
	nsXSD   = "http://www.w3.org/2001/XMLSchema#"

	rdfType       = nsRDF + "type"
	rdfLangString = nsRDF + "langString"
	xsdString     = nsXSD + "string"
)

type prefix struct{ name, namespace string }

// prefixes lists every prefix, in the order in which documents declare them.
func prefixes() []prefix {
	return []prefix{
		{"adms", nsADMS}, {"dcat", nsDCAT}, {"dcatap", nsDCATA}, {"dct", nsDCT}, {"foaf", nsFOAF},
		{"gsp", nsGSP}, {"hydra", nsHydra}, {"org", nsORG}, {"prov", nsPROV}, {"rdf", nsRDF}, {"rdfs", nsRDFS}, {"skos", nsSKOS},
		{"spdx", nsSPDX}, {"vcard", nsVCARD}, {"xsd", nsXSD},
	}
}

// prefixOf is the prefix of a namespace, or "".
func prefixOf(namespace string) string {
	switch namespace {
	case nsADMS:
		return "adms"
	case nsDCAT:
		return "dcat"
	case nsDCATA:
		return "dcatap"
	case nsDCT:
		return "dct"
	case nsFOAF:
		return "foaf"
	case nsGSP:
		return "gsp"
	case nsHydra:
		return "hydra"
	case nsORG:
		return "org"
	case nsPROV:
		return "prov"
	case nsRDF:
		return "rdf"
	case nsRDFS:
		return "rdfs"
	case nsSKOS:
		return "skos"
	case nsSPDX:
		return "spdx"
	case nsVCARD:
		return "vcard"
	case nsXSD:
		return "xsd"
	}
	return ""
}

// isPrefix reports whether s is one of our prefixes: an IRI of that scheme
// would be read as a prefixed name by JSON-LD.
func isPrefix(s string) bool {
	for _, p := range prefixes() {
		if p.name == s {
			return true
		}
	}
	return false
}

// short splits an IRI into one of our prefixes and a local name that every
// syntax takes as it is: letters, digits, - and _, a letter or _ first.
func short(iri string) (prefix, local string, ok bool) {
	i := len(iri)
	for i > 0 && isNameByte(iri[i-1]) {
		i--
	}
	if i == len(iri) || !isNameStart(iri[i]) {
		return "", "", false
	}
	prefix = prefixOf(iri[:i])
	return prefix, iri[i:], prefix != ""
}

func isNameStart(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func isNameByte(c byte) bool { return isNameStart(c) || c >= '0' && c <= '9' || c == '-' }
