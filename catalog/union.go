package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Claim is one source's word on a dataset.
type Claim struct {
	Dataset Dataset
	Source  Source
	Rank    Rank
	Gone    bool      // the source had it and has it no more
	First   time.Time // when it was first known
}

// A Rank says how near to a dataset's home a source is.
type Rank int

// The ranks, the nearest first.
const (
	RankOwn       Rank = iota // this node publishes it
	RankJournal               // the journal of the node that publishes it is here
	RankHome                  // harvested from the server in whose name it stands
	RankElsewhere             // harvested from another catalogue that lists it
)

// RankOfHarvest is the rank of a catalogue at an address for a dataset.
func RankOfHarvest(address, dataset string) Rank {
	a, errA := url.Parse(address)
	b, errB := url.Parse(dataset)
	if errA == nil && errB == nil && a.Host != "" && strings.EqualFold(a.Host, b.Host) {
		return RankHome
	}
	return RankElsewhere
}

// A Listed is a dataset of a union, with everyone who says so.
type Listed struct {
	Dataset  Dataset
	Sources  []Source // the one whose words are shown first
	First    time.Time
	Modified time.Time // when its words were last received
}

// Union gathers what several sources say into one list, by IRI: a dataset that
// arrives by two paths is one dataset with two sources. Two claims are of one
// dataset if they have its IRI, or an identifier that is meant for the world. The
// words shown are those of the nearest source, then of the latest. A dataset that
// its own home has dropped is gone, whoever still lists it: catalogues that
// harvest each other would keep it for ever.
//
// Every dataset of the result can be published beside the others: IRIs and
// identifiers that are missing, no addresses, or another item's are replaced by
// ones that follow from the dataset; base is the address under which datasets
// without one get one. The order of the claims does not matter.
func Union(claims []Claim, base string) []Listed {
	var out []Listed
	for _, group := range groups(claims) {
		if l, ok := settle(group); ok {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.Dataset.IRI, b.Dataset.IRI), strings.Compare(a.Dataset.Identifier, b.Dataset.Identifier))
	})
	n := namer{base: base, iris: map[string]bool{}, identifiers: map[string]bool{}}
	for i := range out {
		n.dataset(&out[i])
	}
	for i := range out {
		n.files(&out[i].Dataset)
	}
	for i := range out {
		n.words(&out[i])
	}
	slices.SortFunc(out, func(a, b Listed) int { return strings.Compare(a.Dataset.IRI, b.Dataset.IRI) })
	return out
}

// rank puts what this federation publishes before what it harvests, so that no
// foreign dataset takes its names.
func (l Listed) rank() int {
	if l.Dataset.Foreign {
		return 1
	}
	return 0
}

// groups puts together the claims of one dataset.
func groups(claims []Claim) [][]Claim {
	parent := make([]int, len(claims))
	for i := range parent {
		parent[i] = i
	}
	var root func(i int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	byName := map[string]int{}
	for i, c := range claims {
		names := []string{"i " + c.Dataset.IRI}
		if worldwide(c.Dataset.Identifier) {
			names = append(names, "i "+c.Dataset.Identifier)
		}
		if c.Dataset.IRI == "" {
			names[0] = "s " + c.Source.Location + " " + c.Dataset.Identifier + " " + c.Dataset.Title.first()
		}
		for _, name := range names {
			if j, ok := byName[name]; ok {
				parent[root(i)] = root(j)
			} else {
				byName[name] = i
			}
		}
	}
	byRoot := map[int][]Claim{}
	var order []int
	for i, c := range claims {
		r := root(i)
		if byRoot[r] == nil {
			order = append(order, r)
		}
		byRoot[r] = append(byRoot[r], c)
	}
	var out [][]Claim
	for _, r := range order {
		out = append(out, byRoot[r])
	}
	return out
}

// worldwide reports whether an identifier is meant to name one thing in the world,
// and not one row of one portal.
func worldwide(id string) bool {
	for _, prefix := range []string{"http://", "https://", "urn:", "doi:", "ark:"} {
		if strings.HasPrefix(strings.ToLower(id), prefix) && len(id) > len(prefix)+4 {
			return true
		}
	}
	siret, _, decp := strings.Cut(id, "-decp-")
	return decp && isSIRET(siret)
}

// settle chooses whose words are shown of one dataset.
func settle(group []Claim) (Listed, bool) {
	slices.SortFunc(group, func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), b.Dataset.Modified.Compare(a.Dataset.Modified), strings.Compare(a.Source.Location, b.Source.Location),
			strings.Compare(a.Source.Node, b.Source.Node), cmp.Compare(a.Source.Index, b.Source.Index))
	})
	homeless := false // its home had it and has it no more
	for _, c := range group {
		homeless = homeless || c.Gone && c.Rank == RankHome
	}
	var l Listed
	for _, c := range group {
		if c.Rank == RankHome && !c.Gone {
			homeless = false
		}
	}
	for _, c := range group {
		if c.Gone || homeless && c.Rank == RankElsewhere {
			continue
		}
		if len(l.Sources) == 0 {
			l.Dataset, l.Modified = c.Dataset, c.Source.At
		}
		l.Sources = append(l.Sources, c.Source)
		if !c.First.IsZero() && (l.First.IsZero() || c.First.Before(l.First)) {
			l.First = c.First
		}
	}
	return l, len(l.Sources) > 0
}

// A namer gives names of their own to what has none.
type namer struct {
	base        string
	iris        map[string]bool
	identifiers map[string]bool
}

func (n *namer) dataset(l *Listed) {
	d := &l.Dataset
	if !isWeb(d.IRI) || n.iris[d.IRI] {
		if d.Identifier == "" {
			d.Identifier = d.IRI
		}
		d.IRI = n.base + "/catalog/harvested/" + digest(d.IRI+"\x00"+d.Identifier+"\x00"+d.Title.first()+"\x00"+l.Sources[0].Location)
	}
	for n.iris[d.IRI] {
		d.IRI += "-2"
	}
	if d.Identifier = trimmed(d.Identifier); d.Identifier == "" || n.identifiers[d.Identifier] {
		d.Identifier = d.IRI
	}
	for n.identifiers[d.Identifier] {
		d.Identifier = part(d.Identifier, digest(d.IRI))
	}
	n.iris[d.IRI], n.identifiers[d.Identifier] = true, true
}

func (n *namer) files(d *Dataset) {
	if !d.Foreign {
		return
	}
	var files []Distribution
	for _, f := range d.Distributions {
		if !isWeb(f.DownloadURL) {
			f.DownloadURL = ""
		}
		if !isWeb(f.AccessURL) {
			f.AccessURL = f.DownloadURL
		}
		if f.AccessURL == "" {
			continue // it leads nowhere
		}
		if !isWeb(f.IRI) || n.iris[f.IRI] {
			f.IRI = part(d.IRI, "file-"+digest(f.AccessURL+"\x00"+f.DownloadURL+"\x00"+f.Title.first()))
		}
		if n.iris[f.IRI] {
			continue // the same file twice
		}
		n.iris[f.IRI] = true
		files = append(files, f)
	}
	d.Distributions = files
}

// words fills in what a foreign description leaves empty and must have.
func (n *namer) words(l *Listed) {
	d := &l.Dataset
	if !d.Foreign {
		return
	}
	if !isWeb(d.Publisher.IRI) || n.iris[d.Publisher.IRI] {
		d.Publisher.IRI = part(d.IRI, "publisher")
	}
	if d.Publisher.Name = trimmed(d.Publisher.Name); d.Publisher.Name == "" {
		d.Publisher.Name = l.Sources[0].Location
		if u, err := url.Parse(l.Sources[0].Location); err == nil && u.Host != "" {
			d.Publisher.Name = u.Host
		}
	}
	if trim(&d.Title); d.Title.IsZero() {
		d.Title.French = d.Identifier
	}
	if trim(&d.Description); d.Description.IsZero() {
		d.Description = d.Title
	}
}

// part names a part of what iri names.
func part(iri, name string) string {
	if strings.Contains(iri, "#") {
		return iri + "." + name
	}
	return iri + "#" + name
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
