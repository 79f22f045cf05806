package parse

import (
	"strings"
	"testing"
)

func TestContextsThatAreKnownAreNotFetched(t *testing.T) {
	const dcat, dct = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/"
	for _, c := range []struct{ doc, want string }{
		{`{"@context":"https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld","@id":"http://a.fr/c","@type":"dcat:Catalog","dataset":[{"@id":"http://a.fr/d","@type":"dcat:Dataset",
			"title":"T","modified":"2026-01-01","distribution":{"@type":"dcat:Distribution","downloadURL":"http://a.fr/x.csv"},"publisher":{"name":"P"}}]}`, dcat + "dataset http://a.fr/d"},
		{`{"@context":"https://semiceu.github.io/DCAT-AP/releases/3.0.0/context/dcat-ap.jsonld","@id":"http://a.fr/d","@type":"Dataset","title":{"@value":"T","@language":"fr"},
			"distribution":{"@type":"Distribution","accessURL":"http://a.fr/x.csv"}}`, dct + "title T"},
		{`{"@context":"http://www.schema.org/","@id":"http://a.fr/d","@type":"Dataset","name":"T","distribution":{"@type":"DataDownload","contentUrl":"http://a.fr/x.csv"}}`,
			"http://schema.org/contentUrl http://a.fr/x.csv"},
		{`{"@context":["https://www.w3.org/ns/hydra/core",{"dct":"` + dct + `"}],"@id":"http://a.fr/c","@type":"PartialCollectionView","next":"http://a.fr/2","dct:title":"T"}`,
			"http://www.w3.org/ns/hydra/core#next http://a.fr/2"},
	} {
		found := false
		err := Read(strings.NewReader(c.doc), JSONLD, "", Limits{}, func(q Quad) error {
			found = found || q.Predicate.Value+" "+q.Object.Value == c.want
			return nil
		})
		if err != nil || !found {
			t.Errorf("%.80s: %v, found %v", c.doc, err, found)
		}
	}
	err := Read(strings.NewReader(`{"@context":"https://elsewhere.invalid/c.jsonld","a":1}`), JSONLD, "", Limits{}, func(Quad) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "elsewhere.invalid") {
		t.Error(err)
	}
}
