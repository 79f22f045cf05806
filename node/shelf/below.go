package shelf

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/view"
)

// A Member is a node whose journal this hub mirrors.
type Member struct {
	ID, Name, Level, URL string
	Base                 string // of its IRIs, if not URL
	Territory            string // geozone
}

// names is the base of the member's IRIs.
func (m Member) names() string {
	if m.Base != "" {
		return m.Base
	}
	return m.URL
}

// refreshBelow describes again the datasets that nodes below publish and whose
// partition has changed. Their files are theirs: only counts are kept here.
func (s *Shelf) refreshBelow(ctx context.Context) error {
	if !s.Hub {
		return nil
	}
	parts, err := s.Views.Partitions(view.PartitionQuery{})
	if err != nil {
		return err
	}
	keep, fresh := map[string]bool{}, map[string]Dataset{}
	for _, p := range parts {
		d := Dataset{ID: DatasetID(p.Buyer, p.Year), Buyer: p.Buyer, Year: p.Year, Revision: p.Revision, Modified: p.Changed}
		if _, own := p.Nodes[s.Node]; len(p.Nodes) == 1 && own || len(p.Nodes) == 0 {
			continue
		}
		keep[d.ID] = true
		s.mu.RLock()
		old, ok := s.below[d.ID]
		s.mu.RUnlock()
		if ok && old.Revision == d.Revision {
			continue
		}
		counts, err := s.survey(ctx, &d)
		if err != nil {
			return err
		}
		d.Files = filesOf(counts, d.Total)
		fresh[d.ID] = d
	}
	return s.keepBelow(keep, fresh)
}

// filesOf lists the files that a node makes of a dataset with such records.
func filesOf(counts map[pivot.Generation]int, total int) (list []File) {
	for _, f := range formats {
		n := counts[f.gen]
		if f.gen == 0 {
			n = counts[pivot.Gen1] + counts[pivot.Gen2]
		}
		if f.content == "complet" {
			n = total
		}
		if n > 0 {
			list = append(list, File{Name: f.name, Format: f.format, Content: f.content, Gen: int(f.gen), Media: f.media, Records: n})
		}
	}
	return list
}

func (s *Shelf) keepBelow(keep map[string]bool, fresh map[string]Dataset) error {
	s.mu.RLock()
	var gone []string
	for id := range s.below {
		if !keep[id] {
			gone = append(gone, id)
		}
	}
	s.mu.RUnlock()
	if len(gone)+len(fresh) == 0 {
		return nil
	}
	err := s.DB.Update(func(tx store.Tx) error {
		for _, id := range gone {
			if err := tx.Bucket(belowBucket).Delete([]byte(id)); err != nil {
				return err
			}
		}
		for _, id := range slices.Sorted(maps.Keys(fresh)) {
			raw, err := json.Marshal(fresh[id])
			if err != nil {
				return err
			}
			if err := tx.Bucket(belowBucket).Put([]byte(id), raw); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range gone {
		delete(s.below, id)
	}
	for id, d := range fresh {
		s.below[id] = d
		s.name(d)
	}
	s.version++
	return nil
}

// A listing is a union that was made, and of what.
type listing struct {
	shelf, views uint64
	members      string
	sets         []catalog.Listed
}

// Listed is every dataset that this node knows: its own, those of the nodes
// below it, and the foreign ones that any of them harvests; each once.
func (s *Shelf) Listed(members []Member) ([]catalog.Listed, error) {
	var names strings.Builder
	for _, m := range members {
		names.WriteString(m.ID + " " + m.URL + " " + m.Base + " " + m.Name + "\n")
	}
	views := s.Views.DatasetsRevision()
	s.mu.RLock()
	l, version := s.listed, s.version+s.Editions.Version()
	s.mu.RUnlock()
	if l.sets != nil && l.shelf == version && l.views == views && l.members == names.String() {
		return l.sets, nil
	}
	claims := s.ownClaims()
	claims = append(claims, s.belowClaims(members)...)
	foreign, err := s.foreignClaims(members)
	if err != nil {
		return nil, err
	}
	sets := catalog.Union(append(claims, foreign...), s.URL)
	s.mu.Lock()
	s.listed = listing{version, views, names.String(), sets}
	s.mu.Unlock()
	return sets, nil
}

// Version changes with what [Shelf.Listed] and the catalogues say of datasets.
func (s *Shelf) Version() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return (s.version+s.Editions.Version())<<32 ^ s.Views.DatasetsRevision()
}

func (s *Shelf) ownClaims() (out []catalog.Claim) {
	for _, d := range s.described() {
		set := d.set
		set.Contact = s.contact()
		out = append(out, catalog.Claim{Dataset: set, Source: d.source, Rank: catalog.RankOwn, First: d.issued})
	}
	return out
}

// source says from where a dataset of this node's own is known.
func (s *Shelf) source(d Dataset) catalog.Source {
	ref := d.Newest[s.Node]
	return catalog.Source{Node: s.Node, Name: s.Who.Name, Journal: journal.Origin(s.Node, ref.Epoch), Index: ref.Index, Through: d.Through, At: d.Modified}
}

// belowClaims are the datasets of nodes below, at the addresses of those nodes.
func (s *Shelf) belowClaims(members []Member) (out []catalog.Claim) {
	byID := map[string]Member{}
	for _, m := range members {
		byID[m.ID] = m
	}
	s.mu.RLock()
	sets := slices.SortedFunc(maps.Values(s.below), func(a, b Dataset) int { return strings.Compare(a.ID, b.ID) })
	s.mu.RUnlock()
	for _, d := range sets {
		for _, id := range slices.Sorted(maps.Keys(d.Newest)) {
			m, ok := byID[id]
			if !ok || id == s.Node {
				continue
			}
			there := s.as(m)
			var c catalog.Catalog
			c.Coverage = catalog.Coverage{Geozone: m.Territory, Name: m.Name}
			there.add(&c, d)
			set := c.Datasets[0]
			set.Contact = catalog.Contact{Name: m.Name, Page: m.URL + "/mentions-legales"}
			ref := d.Newest[id]
			out = append(out, catalog.Claim{Dataset: set, Rank: catalog.RankJournal, First: d.Issued, Source: catalog.Source{
				Node: id, Name: m.Name, Journal: journal.Origin(id, ref.Epoch), Index: ref.Index, At: d.Modified,
			}})
		}
	}
	return out
}

// AddHosted adds to a catalogue the datasets of members that this hub hosts, in
// their names and at their addresses here. A dataset that the hub publishes
// itself is not repeated.
func (s *Shelf) AddHosted(c *catalog.Catalog, hosted []Member) {
	there := map[string]bool{}
	for _, d := range c.Datasets {
		there[d.Identifier] = true
	}
	for _, claim := range s.belowClaims(hosted) {
		d := claim.Dataset
		if there[d.Identifier] {
			continue
		}
		there[d.Identifier] = true
		c.Datasets = append(c.Datasets, d)
		c.Modified = later(c.Modified, d.Modified)
		c.Records = append(c.Records, s.record(catalog.Listed{Dataset: d, Sources: []catalog.Source{claim.Source}, First: claim.First, Modified: claim.Source.At}))
	}
	c.Series = nil
	s.addSeries(c)
}

// as is this shelf as if it were another node's, to name things as that node does.
func (s *Shelf) as(m Member) *Shelf {
	siret, _, _ := strings.Cut(m.ID, "-")
	zone, _ := territory.ParseGeozone(m.Territory) // the zero geozone says nothing
	return &Shelf{
		Node: m.ID, URL: m.names(), Links: m.URL, Views: s.Views, names: s.allNames(),
		Who: Publisher{NodeID: m.ID, SIRET: siret, Name: m.Name, Level: m.Level, Territory: zone},
	}
}

func (s *Shelf) allNames() map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.names)
}

// foreignClaims are what foreign catalogues say, as nodes state it. What stands
// under the address of a node of this federation is that node's to say.
func (s *Shelf) foreignClaims(members []Member) (out []catalog.Claim, err error) {
	rows, err := s.Views.Datasets()
	if err != nil {
		return nil, err
	}
	names := map[string]string{s.Node: s.Who.Name}
	for _, m := range members {
		names[m.ID] = m.Name
	}
	for _, r := range rows {
		set := r.Dataset
		set.Foreign = true
		out = append(out, catalog.Claim{
			Dataset: set, Gone: r.Gone, First: r.First, Rank: catalog.RankOfHarvest(r.Source, set.IRI),
			Source: catalog.Source{
				Node: r.Ref.Node, Name: names[r.Ref.Node], Journal: journal.Origin(r.Ref.Node, r.Ref.Epoch), Index: r.Ref.Index,
				Location: r.Source, Through: r.Through, At: r.At,
			},
		})
	}
	return out, nil
}

// All is the union as a catalogue: every dataset that this node knows, each with
// a record of where it comes from.
func (s *Shelf) All(members []Member) (catalog.Catalog, error) {
	listed, err := s.Listed(members)
	if err != nil {
		return catalog.Catalog{}, err
	}
	c := s.base("/catalog/all", text("catalog.all.title", s.Who.Name), text("catalog.all.description", s.Who.Name))
	s.list(&c, listed)
	return c, nil
}

// list puts datasets of a union into a catalogue, with records and series.
func (s *Shelf) list(c *catalog.Catalog, listed []catalog.Listed) {
	for _, l := range listed {
		c.Datasets = append(c.Datasets, l.Dataset)
		c.Modified = later(c.Modified, l.Modified)
		if !l.Modified.IsZero() {
			c.Records = append(c.Records, s.record(l))
		}
	}
	s.addSeries(c)
}

func (s *Shelf) record(l catalog.Listed) catalog.CatalogRecord {
	iri := l.Dataset.IRI
	if strings.HasPrefix(iri, s.URL+"/") {
		iri += "#record"
	} else {
		iri = s.URL + "/catalog/records/" + RecordID(iri)
	}
	return catalog.CatalogRecord{IRI: iri, Topic: l.Dataset.IRI, Issued: l.First, Modified: l.Modified, Sources: l.Sources}
}
