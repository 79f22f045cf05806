package rdf

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"maillon/catalog"
)

// sample is a page of n datasets with five files each, two members and a
// service, with what real ones have: accents, quotes, odd identifiers.
func sample(n int) catalog.Catalog {
	const base = "https://marches.exemple.fr"
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.FixedZone("", 3600))
	c := catalog.Catalog{
		IRI:         base + "/catalog",
		Title:       catalog.Text{French: "Catalogue de l’agglomération « d’Exemple »", English: "Catalogue of Exemple"},
		Description: catalog.Text{French: "Données essentielles\nde la commande publique : <b>tout</b> & \"plus\""},
		Publisher: catalog.Agent{IRI: base + "/buyers/24350013900189", Name: "Exemple Métropole & Cie", SIRET: "24350013900189",
			Type: catalog.LocalAuthority, Homepage: "https://www.exemple.fr/"},
		Contact:  catalog.Contact{Name: "Service de la commande publique", Email: "marches@exemple.fr"},
		Homepage: base + "/",
		Coverage: catalog.Coverage{Geozone: "fr:epci:243500139", Name: "Exemple Métropole"},
		Issued:   at, Modified: at,
		Page: &catalog.Page{IRI: base + "/catalog?page=2&n=1", Number: 2, Total: 3, TotalItems: 3 * n, First: base + "/catalog?page=1",
			Previous: base + "/catalog?page=1", Next: base + "/catalog?page=3", Last: base + "/catalog?page=3"},
	}
	for i := range n {
		c.Datasets = append(c.Datasets, sampleDataset(base, i, at))
	}
	c.Services = []catalog.DataService{{IRI: base + "/api/v1", Identifier: "24350013900189-api", Title: catalog.Text{French: "API"},
		EndpointURL: base + "/api/v1", OpenAPI: base + "/openapi.json", Access: catalog.Public, Themes: []catalog.Theme{catalog.Government},
		Serves: []string{c.Datasets[0].IRI}}}
	for i := range 2 {
		c.Parts = append(c.Parts, catalog.SubCatalog{IRI: fmt.Sprintf("https://commune%d.exemple.fr/catalog", i),
			Title:     catalog.Text{French: fmt.Sprintf("Catalogue de la commune %d", i)},
			Publisher: catalog.Agent{IRI: fmt.Sprintf("https://commune%d.exemple.fr/", i), Name: "L’Haÿ-les-Roses", Type: catalog.LocalAuthority},
			Coverage:  catalog.Coverage{Geozone: "fr"}, Modified: at})
	}
	c.Records = []catalog.CatalogRecord{{IRI: base + "/catalog#r0", Topic: c.Datasets[0].IRI, Issued: at, Modified: at, Sources: []catalog.Source{
		{Node: "24350013900189", Name: "Exemple", Journal: "maillon/24350013900189/0", Index: 12, At: at},
		{Node: "21350238800019", Name: "Autre", Journal: "maillon/21350238800019/0", Index: 0, At: at, Location: "https://donnees.exemple.fr/a.rdf", Through: []string{"24350013900189"}},
	}}}
	c.Series = []catalog.Series{{IRI: base + "/catalog/series/s", Identifier: "21350000000000-decp", Title: catalog.Text{French: "Série"},
		Frequency: catalog.Continuous, Coverage: catalog.Coverage{Geozone: "https://exemple.fr/id/lieu", Name: "Lieu"}, Issued: at, Modified: at}}
	c.Datasets[0].InSeries = c.Series[0].IRI
	return c
}

func sampleDataset(base string, i int, at time.Time) catalog.Dataset {
	siret := fmt.Sprintf("%014d", 21350000000000+i)
	id, err := catalog.DECPIdentifier(siret, 2024)
	if err != nil {
		panic(err)
	}
	schema := catalog.Standard{IRI: "https://schema.data.gouv.fr/139bercy/format-commande-publique/2.0.4", Title: catalog.Text{French: "Format pivot 2.0.4"}}
	d := catalog.Dataset{
		IRI: base + "/catalog/datasets/" + id, Identifier: id,
		Title:       catalog.Text{French: fmt.Sprintf("Marchés publics notifiés en 2024, acheteur n° %d — « été »", i)},
		Description: catalog.Text{French: `Contrats de l'acheteur \ "données essentielles" 🏛`, English: "Contracts"},
		Publisher:   catalog.Agent{IRI: base + "/buyers/" + siret, Name: fmt.Sprintf("Commune n° %d", i), SIRET: siret, Type: catalog.LocalAuthority, Level: "commune"},
		LandingPage: base + "/catalog/datasets/" + id + ".html",
		Keywords:    []catalog.Text{{French: "marchés publics", English: "public contracts"}, {French: "decp"}, {French: "commande publique"}},
		Themes:      []catalog.Theme{catalog.Government, catalog.Economy}, Frequency: catalog.Daily, Access: catalog.Public,
		Coverage: catalog.Coverage{Geozone: "fr:departement:35", Name: "Ille-et-Vilaine", Box: catalog.Box{West: -2.29, South: 47.63, East: -1.01, North: 48.72}},
		Period:   catalog.Period{Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)},
		Issued:   at, Modified: at, ConformsTo: []catalog.Standard{schema},
	}
	for _, f := range []catalog.Format{catalog.JSON, catalog.XML, catalog.CSV, catalog.NDJSON, catalog.Parquet} {
		name := strings.ToLower(string(f))
		d.Distributions = append(d.Distributions, catalog.Distribution{
			IRI: d.IRI + "/files/" + name, Title: catalog.Text{French: "Fichier " + string(f)}, Description: catalog.Text{French: "Contenu « décret »"},
			DownloadURL: base + "/files/" + id + "/a'b (1) é." + name, Format: f, ByteSize: 12345, SHA256: strings.Repeat("0a", 32),
			Availability: catalog.Stable, Modified: at, ConformsTo: []catalog.Standard{schema},
		})
	}
	d.Distributions = append(d.Distributions, catalog.Distribution{
		IRI: d.IRI + "/files/odd", AccessURL: base + "/odd", FormatName: "fichier plat", MediaType: "application/x-plat"})
	return d
}

func built(t testing.TB, c catalog.Catalog) *Graph {
	t.Helper()
	g, problems := FromCatalog(c)
	for _, p := range problems {
		if p.Rule != catalog.RuleDescription {
			t.Errorf("unexpected problem: %v", p)
		}
	}
	return g
}
