package auditor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"maillon/catalog/audit"
	"maillon/catalog/pivot"
	"maillon/store/view"
)

// A partKey names a partition.
type partKey struct{ buyer, year string }

// A part is what was measured of a partition.
type part struct {
	revision  uint64
	measure   *audit.Measure
	harvested []string // nodes all of whose records in it were harvested
}

// make measures what changed and compiles the report.
func (a *Auditor) make(in audit.Input, failing map[string]string) (*audit.Report, error) {
	rows, err := a.views.Datasets()
	if err != nil {
		return nil, fmt.Errorf("audit: foreign datasets: %w", err)
	}
	a.setHarvesters(rows)
	list, err := a.views.Partitions(view.PartitionQuery{})
	if err != nil {
		return nil, fmt.Errorf("audit: partitions: %w", err)
	}
	parts, err := a.measure(list)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	in.Buyers, in.Foreign = buyers(list, parts), foreign(rows, failing)
	return audit.Compile(in), nil
}

// setHarvesters notes which nodes speak of foreign catalogues: only their records
// need a look at where they come from. With another such node all is measured again.
func (a *Auditor) setHarvesters(rows []view.DatasetRow) {
	nodes := map[string]bool{}
	for _, row := range rows {
		nodes[row.Ref.Node] = true
	}
	if !maps.Equal(nodes, a.harvesters) {
		a.harvesters, a.parts = nodes, map[partKey]part{}
	}
}

// measure returns the parts of a list of partitions, those of an unchanged
// revision as they were.
func (a *Auditor) measure(list []view.Partition) (map[partKey]part, error) {
	parts := make(map[partKey]part, len(list))
	var changed []view.Partition
	for _, p := range list {
		k := partKey{p.Buyer, p.Year}
		if old, ok := a.parts[k]; ok && old.revision == p.Revision {
			parts[k] = old
			continue
		}
		changed = append(changed, p)
	}
	if err := a.fresh(changed, len(list), parts); err != nil {
		return nil, err
	}
	a.parts = parts
	if len(parts) > mostParts {
		a.parts = map[partKey]part{}
	}
	return parts, nil
}

// fresh measures partitions: one by one if they are few, else all in one pass.
func (a *Auditor) fresh(changed []view.Partition, all int, parts map[partKey]part) error {
	for _, p := range changed {
		harvested, err := a.harvested(p)
		if err != nil {
			return err
		}
		parts[partKey{p.Buyer, p.Year}] = part{p.Revision, &audit.Measure{}, harvested}
	}
	const few = 4
	if len(changed)*few > all {
		wanted := make(map[partKey]*audit.Measure, len(changed))
		for _, p := range changed {
			wanted[partKey{p.Buyer, p.Year}] = parts[partKey{p.Buyer, p.Year}].measure
		}
		return a.pass("", "", func(c *pivot.Complete, buyer string) *audit.Measure { return wanted[partKey{buyer, c.Year()}] })
	}
	for _, p := range changed {
		m := parts[partKey{p.Buyer, p.Year}].measure
		if err := a.pass(p.Buyer, p.Year, func(*pivot.Complete, string) *audit.Measure { return m }); err != nil {
			return fmt.Errorf("contracts of %s in %q: %w", p.Buyer, p.Year, err)
		}
	}
	return nil
}

// pass adds contracts to the measures that to gives; nil takes none.
func (a *Auditor) pass(buyer, year string, to func(c *pivot.Complete, buyer string) *audit.Measure) error {
	for c, err := range a.views.PartitionContracts(a.ctx, buyer, year) {
		if err != nil {
			return err
		}
		if m := to(&c, buyerOf(&c)); m != nil {
			m.Add(&c)
		}
	}
	return nil
}

// buyerOf is the buyer under whose address a contract stands: after a
// succession, the body that goes on.
func buyerOf(c *pivot.Complete) string {
	buyer, _, _ := strings.Cut(c.Address, "/")
	if isPlain(buyer) {
		return buyer
	}
	return c.Buyer.ID
}

// isPlain reports whether an escaped buyer is the same unescaped.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// harvested lists the nodes in whose journals records of a partition stand that
// they only harvested.
func (a *Auditor) harvested(p view.Partition) (out []string, err error) {
	if err := a.ctx.Err(); err != nil {
		return nil, err
	}
	for node, n := range p.Nodes {
		if n == 0 || !a.harvesters[node] {
			continue
		}
		all, err := a.views.Harvested(node, p.Buyer, p.Year)
		if err != nil {
			return nil, fmt.Errorf("records of %s at %s: %w", p.Buyer, node, err)
		}
		if all {
			out = append(out, node)
		}
	}
	return out, nil
}

// buyers joins the partitions of each buyer.
func buyers(list []view.Partition, parts map[partKey]part) []audit.Buyer {
	var out []audit.Buyer
	at := map[string]int{}
	for _, p := range list {
		i, ok := at[p.Buyer]
		if !ok {
			i = len(out)
			at[p.Buyer] = i
			out = append(out, audit.Buyer{ID: p.Buyer, By: map[string]bool{}, Measure: &audit.Measure{}})
		}
		b := &out[i]
		if p.BuyerName != "" {
			b.Name = p.BuyerName
		}
		if p.Changed.After(b.Last) {
			b.Last = p.Changed
		}
		had := parts[partKey{p.Buyer, p.Year}]
		b.Measure.Merge(had.measure)
		for node, n := range p.Nodes {
			if before, known := b.By[node]; n > 0 {
				b.By[node] = slices.Contains(had.harvested, node) && (before || !known)
			}
		}
	}
	return out
}

// foreign lists the bodies that foreign catalogues name as publishers.
func foreign(rows []view.DatasetRow, failing map[string]string) []audit.Foreign {
	var out []audit.Foreign
	type key struct{ siret, source string }
	at := map[key]int{}
	for _, row := range rows {
		if row.Gone || row.Dataset.Publisher.SIRET == "" {
			continue
		}
		k := key{row.Dataset.Publisher.SIRET, row.Source}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, audit.Foreign{SIRET: k.siret, Source: k.source, Name: row.Dataset.Publisher.Name, Error: failing[k.source]})
		}
		out[i].Datasets++
		if row.At.After(out[i].Last) {
			out[i].Last = row.At
		}
	}
	return out
}
