package parse

import (
	"strings"

	"github.com/piprate/json-gold/ld"
)

// The contexts to which catalogues refer by address. They are known here and never
// fetched: an outage of their server has broken many harvests. Each says in our
// words what the published one says of the terms that catalogues use; a document
// that uses other terms of it loses those.
var contexts = map[string]func() map[string]any{
	"schema.org": schemaContext, "schema.org/docs/jsonldcontext.jsonld": schemaContext, "schema.org/docs/jsonldcontext.json": schemaContext,
	"project-open-data.cio.gov/v1.1/schema/catalog.jsonld":            openDataContext,
	"semiceu.github.io/dcat-ap/releases/3.0.0/context/dcat-ap.jsonld": dcatContext,
	"semiceu.github.io/dcat-ap/releases/3.0.1/context/dcat-ap.jsonld": dcatContext,
	"www.w3.org/ns/hydra/context.jsonld":                              hydraContext,
	"www.w3.org/ns/hydra/core":                                        hydraContext,
}

// contextOf finds a context by its address; scheme, case, www. before schema.org
// and a slash at the end do not count.
func contextOf(address string) (map[string]any, bool) {
	name := strings.ToLower(address)
	for _, scheme := range []string{"https://", "http://"} {
		name = strings.TrimPrefix(name, scheme)
	}
	name = strings.TrimRight(strings.TrimPrefix(name, "www.schema"), "/")
	if strings.HasPrefix(name, ".org") {
		name = "schema" + name
	}
	make, ok := contexts[name]
	if !ok {
		return nil, false
	}
	return map[string]any{"@context": make()}, true
}

const (
	nsDCAT   = "http://www.w3.org/ns/dcat#"
	nsDCT    = "http://purl.org/dc/terms/"
	nsFOAF   = "http://xmlns.com/foaf/0.1/"
	nsVCARD  = "http://www.w3.org/2006/vcard/ns#"
	nsSKOS   = "http://www.w3.org/2004/02/skos/core#"
	nsSchema = "http://schema.org/"
	nsHydra  = "http://www.w3.org/ns/hydra/core#"
)

// terms gives each word of a list its IRI in a namespace; kind is what its values
// are: "" for texts, "@id" for IRIs, or a datatype.
func terms(c map[string]any, namespace, kind string, words string) {
	for word := range strings.FieldsSeq(words) {
		if kind == "" {
			c[word] = namespace + word
		} else {
			c[word] = map[string]any{"@id": namespace + word, "@type": kind}
		}
	}
}

// schemaContext is that of https://schema.org: its words are those of its
// vocabulary, and so is every other.
func schemaContext() map[string]any {
	c := map[string]any{"@vocab": nsSchema, "schema": nsSchema, "id": "@id", "type": "@type"}
	terms(c, nsSchema, "@id", "contentUrl url license sameAs conditionsOfAccess includedInDataCatalog isBasedOn")
	terms(c, nsSchema, nsSchema+"Date", "dateModified datePublished dateCreated startDate endDate")
	return c
}

// openDataContext is that of Project Open Data 1.1, the data.json of many portals.
func openDataContext() map[string]any {
	c := map[string]any{
		"@vocab": nsDCAT, "dcat": nsDCAT, "dct": nsDCT, "dc": nsDCT, "foaf": nsFOAF, "vcard": nsVCARD, "skos": nsSKOS,
		"org": "http://www.w3.org/ns/org#", "pod": "http://project-open-data.cio.gov/v1.1/schema#",
		"fn": nsVCARD + "fn", "hasEmail": map[string]any{"@id": nsVCARD + "hasEmail", "@type": "@id"}, "name": nsFOAF + "name",
		"homepage":          map[string]any{"@id": nsFOAF + "homepage", "@type": "@id"},
		"subOrganizationOf": "http://www.w3.org/ns/org#subOrganizationOf",
		"describedBy":       map[string]any{"@id": "http://www.w3.org/2007/05/powder-s#describedby", "@type": "@id"},
	}
	terms(c, nsDCT, "", "title description identifier publisher language rights spatial temporal format accrualPeriodicity")
	terms(c, nsDCT, "@id", "license conformsTo isPartOf references")
	terms(c, nsDCT, nsXSD+"date", "issued modified")
	terms(c, nsDCAT, "@id", "downloadURL accessURL landingPage")
	terms(c, "http://project-open-data.cio.gov/v1.1/schema#", "", "accessLevel bureauCode dataQuality primaryITInvestmentUII programCode systemOfRecords")
	return c
}

// dcatContext names the classes and properties of DCAT-AP 3 by their local names.
func dcatContext() map[string]any {
	c := map[string]any{
		"dcat": nsDCAT, "dct": nsDCT, "dcterms": nsDCT, "foaf": nsFOAF, "vcard": nsVCARD, "skos": nsSKOS, "xsd": nsXSD,
		"id": "@id", "type": "@type", "Agent": nsFOAF + "Agent", "Kind": nsVCARD + "Kind", "Concept": nsSKOS + "Concept",
		"name": nsFOAF + "name", "homepage": map[string]any{"@id": nsFOAF + "homepage", "@type": "@id"},
		"primaryTopic": map[string]any{"@id": nsFOAF + "primaryTopic", "@type": "@id"}, "prefLabel": nsSKOS + "prefLabel",
	}
	terms(c, nsDCAT, "", "Catalog CatalogRecord Dataset DatasetSeries Distribution DataService Resource keyword version")
	terms(c, nsDCAT, "@id", "dataset service catalog record distribution accessURL downloadURL accessService contactPoint theme themeTaxonomy landingPage "+
		"mediaType compressFormat packageFormat endpointURL endpointDescription servesDataset inSeries qualifiedRelation")
	terms(c, nsDCAT, nsXSD+"date", "startDate endDate")
	terms(c, nsDCAT, nsXSD+"nonNegativeInteger", "byteSize")
	terms(c, nsDCT, "", "title description identifier")
	terms(c, nsDCT, "@id", "publisher creator license rights accessRights language format spatial temporal conformsTo accrualPeriodicity isReferencedBy "+
		"relation source provenance hasVersion isVersionOf hasPart isPartOf")
	terms(c, nsDCT, nsXSD+"dateTime", "issued modified")
	return c
}

func hydraContext() map[string]any {
	c := map[string]any{"hydra": nsHydra}
	terms(c, nsHydra, "@id", "first next previous last view member")
	terms(c, nsHydra, "", "Collection PartialCollectionView PagedCollection title description")
	terms(c, nsHydra, nsXSD+"integer", "totalItems")
	return c
}

// knownContexts gives the contexts that are known, and fetches nothing.
type knownContexts struct{}

func (knownContexts) LoadDocument(u string) (*ld.RemoteDocument, error) {
	if c, ok := contextOf(u); ok {
		return &ld.RemoteDocument{DocumentURL: u, Document: c}, nil
	}
	return nil, ld.NewJsonLdError(ld.LoadingRemoteContextFailed, "the context "+u+" is elsewhere, and nothing is fetched: write it into the document")
}
