package catalog

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

func claim(iri, id string, rank Rank, where string) Claim {
	return Claim{
		Dataset: Dataset{IRI: iri, Identifier: id, Title: Text{French: id + " selon " + where}, Foreign: rank >= RankHome},
		Source:  Source{Node: where, Location: "https://" + where + "/catalog", At: now}, Rank: rank, First: now,
	}
}

func names(l []Listed) (out []string) {
	for _, x := range l {
		s := x.Dataset.IRI + " = " + x.Dataset.Title.French
		for _, src := range x.Sources {
			s += " | " + src.Node
		}
		out = append(out, s)
	}
	return out
}

func gone(c Claim) Claim { c.Gone = true; return c }

func TestUnion(t *testing.T) {
	const a, b = "https://a.fr/d/1", "https://b.fr/d/1"
	for name, c := range map[string]struct {
		claims []Claim
		want   []string
	}{
		"by two paths it is one dataset with two sources": {
			[]Claim{claim(a, "1", RankElsewhere, "portal"), claim(a, "1", RankHome, "a.fr")},
			[]string{a + " = 1 selon a.fr | a.fr | portal"}},
		"a portal that mints an IRI of its own keeps a worldwide identifier": {
			[]Claim{claim(a, "21350238800019-decp-2024", RankJournal, "a.fr"), claim(b, "21350238800019-decp-2024", RankHome, "b.fr")},
			[]string{a + " = 21350238800019-decp-2024 selon a.fr | a.fr | b.fr"}},
		"a row number is no identity": {
			[]Claim{claim(a, "1", RankHome, "a.fr"), claim(b, "1", RankHome, "b.fr")},
			[]string{a + " = 1 selon a.fr | a.fr", b + " = 1 selon b.fr | b.fr"}},
		"an identifier that is the other's IRI": {
			[]Claim{claim(a, "x", RankHome, "a.fr"), claim(b, a, RankHome, "b.fr")},
			[]string{a + " = x selon a.fr | a.fr | b.fr"}},
		"what its home drops is gone everywhere": {
			[]Claim{gone(claim(a, "1", RankHome, "a.fr")), claim(a, "1", RankElsewhere, "portal")}, nil},
		"unless its home is harvested by another who still sees it": {
			[]Claim{gone(claim(a, "1", RankHome, "a.fr")), claim(a, "1", RankHome, "x.fr"), claim(a, "1", RankElsewhere, "portal")},
			[]string{a + " = 1 selon x.fr | x.fr | portal"}},
		"what a portal drops stays if others list it": {
			[]Claim{gone(claim(a, "1", RankElsewhere, "portal")), claim(a, "1", RankElsewhere, "other")},
			[]string{a + " = 1 selon other | other"}},
		"nobody lists it": {[]Claim{gone(claim(a, "1", RankElsewhere, "portal"))}, nil},
	} {
		want := c.want
		for range 5 {
			rand.Shuffle(len(c.claims), func(i, j int) { c.claims[i], c.claims[j] = c.claims[j], c.claims[i] })
			if diff := cmp.Diff(want, names(Union(c.claims, "https://hub.fr"))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// Whatever foreign catalogues say, the union can be published: what is bad in one
// dataset costs no other.
func TestAUnionCanAlwaysBePublished(t *testing.T) {
	words := []string{"", " ", "x", "urn:x:1", "https://a.fr/d", "https://b.fr/d", "http://", "javascript:x", "\x00", "21350238800019-decp-2024", "é"}
	pick := func() string { return words[rand.IntN(len(words))] }
	for range 300 {
		var claims []Claim
		for range 1 + rand.IntN(12) {
			c := claim(pick(), pick(), []Rank{RankHome, RankElsewhere}[rand.IntN(2)], pick())
			c.Dataset.Title, c.Dataset.Description = Text{French: pick()}, Text{English: pick()}
			c.Dataset.Publisher = Agent{IRI: pick(), Name: pick(), SIRET: pick(), Level: pick()}
			c.Dataset.LandingPage, c.Dataset.Contact = pick(), Contact{Name: pick(), Email: pick(), Page: pick()}
			c.Dataset.Themes = []Theme{Theme(pick())}
			for range rand.IntN(4) {
				c.Dataset.Distributions = append(c.Dataset.Distributions, Distribution{IRI: pick(), AccessURL: pick(), DownloadURL: pick(),
					Format: Format(pick()), MediaType: pick(), Licence: pick(), SHA256: pick(), FormatName: pick(), ByteSize: -1})
			}
			claims = append(claims, c)
		}
		all := good()
		all.Datasets, all.Records, all.Services = nil, nil, nil
		listed := Union(claims, "https://hub.fr")
		for _, l := range listed {
			all.Datasets = append(all.Datasets, l.Dataset)
		}
		got, problems := all.Publishable()
		if problems.Errors() > 0 || len(got.Datasets) != len(listed) {
			t.Fatalf("%d of %d: %v", len(got.Datasets), len(listed), slices.DeleteFunc(problems, func(p Problem) bool { return p.Severity != Error }))
		}
		for _, d := range got.Datasets {
			if d.Publisher.Name == all.Publisher.Name || !d.Contact.IsZero() && d.Contact == all.Contact {
				t.Errorf("the catalogue's own publisher or contact was put on a foreign dataset: %+v", d)
			}
			for _, f := range d.Distributions {
				if f.Licence == all.Licence {
					t.Error("a licence was granted for others")
				}
			}
		}
	}
}
