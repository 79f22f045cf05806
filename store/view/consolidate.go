package view

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/store"
)

// A Row is a contract in a list: what is shown of it, and what lists are
// filtered by.
type Row struct {
	Address     string      `json:"address"` // escaped buyer "/" slug
	Kind        pivot.Kind  `json:"kind"`
	State       pivot.State `json:"state"` // of the version shown; withdrawn or redacted count here too
	Buyer       string      `json:"buyer"`
	BuyerName   string      `json:"buyerName,omitempty"`
	ID          string      `json:"id"`
	Object      string      `json:"objet"`
	CPV         string      `json:"codeCPV,omitempty"`
	Notified    string      `json:"dateNotification,omitempty"`
	Published   string      `json:"datePublicationDonnees,omitempty"`
	Amount      *float64    `json:"montant,omitempty"` // after modifications
	Months      *int        `json:"dureeMois,omitempty"`
	Suppliers   []string    `json:"titulaires,omitempty"` // identifiers
	Supplier    string      `json:"supplierName,omitempty"`
	Departement string      `json:"departement,omitempty"` // of execution, else of the buyer
	Node        string      `json:"node"`                  // whose record is shown
	Authority   string      `json:"authority"`
	Records     int         `json:"records"`  // versions and repeats, from all sources
	Conflict    bool        `json:"conflict"` // its sources differ
}

// Withdrawn is the state of a contract that its publisher took back.
const Withdrawn pivot.State = "withdrawn"

// A contractRow is a contract with its versions, as keys in the bucket of records.
type contractRow struct {
	Row
	Case     contract.Case `json:"case"`
	IDs      []string      `json:"ids"`
	Versions []versionRow  `json:"versions"`
	Year     string        `json:"year"`
	Content  uint64        `json:"content"` // changes with anything that readers see
	Newest   time.Time     `json:"newest"`  // receipt of its newest record
	Aliases  []string      `json:"aliases"`
}

type versionRow struct {
	Key       []byte   `json:"k"`
	Also      [][]byte `json:"also,omitempty"`
	Authority string   `json:"a"`
	Reason    string   `json:"r"`
	Differs   []string `json:"d,omitempty"`
}

// consolidate makes again the contracts of every group that was touched.
func (b *applying) consolidate() error {
	groups := make([]string, 0, len(b.groups))
	for g := range b.groups {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	for _, g := range groups {
		if err := b.group(g); err != nil {
			return fmt.Errorf("group %q: %w", g, err)
		}
	}
	return nil
}

func (b *applying) group(group string) error {
	if b.auth == nil {
		var err error
		if b.auth, err = readAuthorities(b.tx, b.v.self); err != nil {
			return err
		}
	}
	buyer, id, _ := strings.Cut(group, "\x00")
	if family := b.auth.lineage.Family(buyer); len(family) > 1 {
		return b.familyGroup(family, id)
	}
	rows, err := b.groupRows(group)
	if err != nil {
		return err
	}
	fresh := b.contracts(rows)
	if err := b.replace(group, fresh); err != nil {
		return err
	}
	return b.classify(rows, fresh)
}

// replace puts the contracts of a group in the place of those it had.
func (b *applying) replace(group string, fresh []contractRow) error {
	if err := b.clear(group); err != nil {
		return err
	}
	addresses := make([]string, 0, len(fresh))
	for _, c := range fresh {
		if err := b.add(c); err != nil {
			return err
		}
		addresses = append(addresses, c.Address)
	}
	return putJSON(b.tx.Bucket(groupBucket), []byte(group), addresses)
}

// clear takes the contracts of a group out.
func (b *applying) clear(group string) error {
	var old []string
	if raw := b.tx.Bucket(groupBucket).Get([]byte(group)); raw != nil {
		if err := json.Unmarshal(raw, &old); err != nil {
			return err
		}
	}
	for _, address := range old {
		if err := b.remove(address); err != nil {
			return err
		}
	}
	return b.tx.Bucket(groupBucket).Delete([]byte(group))
}

// A keyed is a record with its key.
type keyed struct {
	key []byte
	row recordRow
}

func (b *applying) groupRows(group string) ([]keyed, error) {
	prefix := append([]byte(group), 0)
	var out []keyed
	for k, raw := range b.tx.Bucket(recordBucket).Ascend(prefix) {
		if !bytes.HasPrefix(k, prefix) {
			break
		}
		if groupOf(k) != group {
			continue // an id that holds a zero byte
		}
		var r recordRow
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		out = append(out, keyed{bytes.Clone(k), r})
	}
	return out, nil
}

// contracts consolidates the records of a group. What was redacted is a
// contract of its own as long as nothing else stands under its id.
func (b *applying) contracts(rows []keyed) []contractRow {
	keys := map[string]keyed{}
	var sources []contract.Source
	for _, r := range rows {
		keys[string(refKey(r.row.Ref))] = r
		if r.row.State != Redacted {
			sources = append(sources, b.source(r.row))
		}
	}
	var out []contractRow
	for _, c := range contract.Consolidate(sources) {
		out = append(out, b.contractRow(c, keys))
	}
	return append(out, b.redacted(rows, keys)...)
}

// redacted are the contracts of which nothing is left.
func (b *applying) redacted(rows []keyed, keys map[string]keyed) (out []contractRow) {
	living := map[string]bool{}
	for _, r := range rows {
		if r.row.State != Redacted {
			living[r.row.Contract.ID] = true
		}
	}
	for _, r := range rows {
		if r.row.State == Redacted && !living[r.row.Contract.ID] {
			living[r.row.Contract.ID] = true // one line for all that was redacted under the id
			c := contract.Contract{Slug: contract.Escape(r.row.Contract.ID), IDs: []string{r.row.Contract.ID}, Case: contract.Alone,
				Versions: []contract.Version{{Source: b.source(r.row), Reason: "redacted"}}}
			out = append(out, b.contractRow(c, keys))
		}
	}
	return out
}

func (b *applying) source(r recordRow) contract.Source {
	s := contract.Source{
		Ref: r.Ref, Deposit: r.Deposit, At: r.At, State: r.State, Withdrawn: r.Withdrawn, Contract: r.Contract,
		Authority: b.auth.of(r.Ref.Node, r.Contract.Buyer.ID),
	}
	if raw, err := hex.DecodeString(r.Hash); err == nil && len(raw) == len(s.Hash) {
		copy(s.Hash[:], raw)
	}
	return s
}

func (b *applying) contractRow(c contract.Contract, keys map[string]keyed) contractRow {
	shown := c.Versions[0].Source
	row := keys[string(refKey(shown.Ref))].row
	return b.contractRowOf(c, keys, row.Contract.Buyer)
}

// contractRowOf is the row of a contract that stands under a buyer's address.
func (b *applying) contractRowOf(c contract.Contract, keys map[string]keyed, buyer pivot.Buyer) contractRow {
	shown := c.Versions[0].Source
	row := keys[string(refKey(shown.Ref))].row
	now := row.Contract.Current()
	out := contractRow{Case: c.Case, IDs: c.IDs, Year: row.Contract.Year()}
	out.Row = Row{
		Address: contract.Escape(buyer.ID) + "/" + c.Slug, Kind: row.Contract.Kind, State: row.State,
		Buyer: buyer.ID, BuyerName: buyer.Name, ID: row.Contract.ID, Object: row.Contract.Object,
		CPV: row.Contract.CPV, Notified: row.Contract.Notified, Published: row.Contract.LatestPublication(), Amount: now.Amount, Months: now.Months,
		Departement: departement(row.Contract), Node: row.Ref.Node, Authority: shown.Authority.String(),
	}
	for _, s := range now.Suppliers {
		out.Suppliers = append(out.Suppliers, s.ID)
		out.Supplier = cmp.Or(out.Supplier, s.Name)
	}
	if c.Withdrawn && row.State != Redacted {
		out.State = Withdrawn
	}
	for _, name := range buyersOf(c, buyer.ID) {
		for _, id := range c.IDs {
			out.Aliases = append(out.Aliases, contract.Escape(name)+"/"+contract.Escape(id))
		}
	}
	sum := fnv.New64a()
	for _, v := range c.Versions {
		vr := versionRow{Key: keys[string(refKey(v.Source.Ref))].key, Authority: v.Source.Authority.String(), Reason: v.Reason, Differs: v.Differs}
		for _, s := range append([]contract.Source{v.Source}, v.Also...) {
			out.Records++
			if s.At.After(out.Newest) {
				out.Newest = s.At
			}
			_, _ = fmt.Fprintf(sum, "%s %d %v %s;", s.Ref.Node, s.Ref.Index, s.Withdrawn, s.State)
		}
		for _, s := range v.Also {
			vr.Also = append(vr.Also, keys[string(refKey(s.Ref))].key)
		}
		if h := keys[string(refKey(v.Source.Ref))].row.Hash; h != "" {
			out.Aliases = append(out.Aliases, "#"+h)
		}
		out.Conflict = out.Conflict || len(v.Differs) > 0
		_, _ = fmt.Fprintf(sum, "%s %s %s\n", v.Source.Hash, v.Reason, v.Source.Authority)
		out.Versions = append(out.Versions, vr)
	}
	_, _ = fmt.Fprintf(sum, "%s %s", out.Address, out.State)
	out.Content = sum.Sum64()
	return out
}

// buyersOf lists under whom the versions of a contract were published, and the
// buyer whose address it has.
func buyersOf(c contract.Contract, buyer string) []string {
	out := []string{buyer}
	for _, v := range c.Versions {
		if id := v.Source.Contract.Buyer.ID; !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// departement is where the contract is executed, else where the buyer sits.
func departement(c pivot.Contract) string {
	if c.Place != nil {
		if d := territory.DepartementOf(c.Place.Code, c.Place.CodeType); d != "" {
			return d
		}
	}
	if len(c.Buyer.ID) < 9 {
		return ""
	}
	body, ok := territory.BySIREN(c.Buyer.ID[:9])
	if !ok {
		return ""
	}
	if ds := territory.Departements(body.Geozone); len(ds) > 0 {
		return ds[0]
	}
	return ""
}

func (b *applying) add(c contractRow) error {
	t := b.tx
	if err := putJSON(t.Bucket(contractBucket), []byte(c.Address), c); err != nil {
		return err
	}
	if err := putJSON(t.Bucket(listBucket), listKey(c.Row), c.Row); err != nil {
		return err
	}
	if err := t.Bucket(buyerBucket).Put(buyerKey(c.Row), nil); err != nil {
		return err
	}
	for _, a := range c.Aliases {
		if t.Bucket(aliasBucket).Get([]byte(a)) != nil {
			continue // the bare id of lots leads to the first of them
		}
		if err := t.Bucket(aliasBucket).Put([]byte(a), []byte(c.Address)); err != nil {
			return err
		}
	}
	if c.Conflict {
		if err := t.Bucket(conflictBucket).Put([]byte(c.Address), nil); err != nil {
			return err
		}
	}
	b.totals.count(c, +1)
	return b.part(c, +1)
}

// remove takes a contract out. Aliases stay unless another contract takes
// them: addresses lead somewhere for ever.
func (b *applying) remove(address string) error {
	t := b.tx
	var c contractRow
	raw := t.Bucket(contractBucket).Get([]byte(address))
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	for _, a := range c.Aliases {
		if err := t.Bucket(aliasBucket).Delete([]byte(a)); err != nil {
			return err
		}
	}
	for bucket, key := range map[string][]byte{
		contractBucket: []byte(address), listBucket: listKey(c.Row), buyerBucket: buyerKey(c.Row), conflictBucket: []byte(address),
	} {
		if err := t.Bucket(bucket).Delete(key); err != nil {
			return err
		}
	}
	b.totals.count(c, -1)
	return b.part(c, -1)
}

// listKey sorts contracts by notification, newest first, unknown last.
func listKey(r Row) []byte {
	k := make([]byte, 0, 12+len(r.Address))
	k = append(k, reversed(r.Notified)...)
	return append(append(k, 0), r.Address...)
}

func buyerKey(r Row) []byte {
	k := append([]byte(r.Buyer), 0)
	k = append(k, reversed(r.Notified)...)
	return append(append(k, 0), r.Address...)
}

// reversed is a date as 10 bytes that sort the other way round.
func reversed(date string) []byte {
	if len(date) != len("2006-01-02") {
		date = "0000-00-00"
	}
	out := []byte(date)
	for i := range out {
		out[i] = 0xff - out[i]
	}
	return out
}

// A Partition is the contracts of one buyer that were notified in one year.
type Partition struct {
	Buyer      string         `json:"buyer"`
	BuyerName  string         `json:"buyerName,omitempty"`
	Year       string         `json:"year"` // "" if unknown
	Contracts  int            `json:"contracts"`
	Conforming int            `json:"conforming"`
	ToCorrect  int            `json:"toCorrect"`
	Revision   uint64         `json:"revision"` // changes with anything that readers see
	Changed    time.Time      `json:"changed"`  // receipt of the newest record that ever stood in it
	Nodes      map[string]int `json:"nodes"`    // versions per publishing node
}

func partKey(buyer, year string) []byte { return []byte(buyer + "\x00" + year) }

func (b *applying) part(c contractRow, sign int) error {
	parts := b.tx.Bucket(partBucket)
	key := partKey(c.Buyer, c.Year)
	p := Partition{Buyer: c.Buyer, Year: c.Year, Nodes: map[string]int{}}
	if raw := parts.Get(key); raw != nil {
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
	}
	p.Contracts += sign
	switch c.State {
	case pivot.Conforming:
		p.Conforming += sign
	case pivot.ToCorrect:
		p.ToCorrect += sign
	}
	p.Revision += uint64(sign) * c.Content
	p.BuyerName = cmp.Or(c.BuyerName, p.BuyerName)
	if c.Newest.After(p.Changed) {
		p.Changed = c.Newest
	}
	for _, v := range c.Versions {
		for _, k := range append([][]byte{v.Key}, v.Also...) {
			node := nodeOf(k)
			if p.Nodes[node] += sign; p.Nodes[node] == 0 {
				delete(p.Nodes, node)
			}
		}
	}
	if p.Contracts == 0 {
		return parts.Delete(key)
	}
	return putJSON(parts, key, p)
}

// refOf is the entry in the key of a record of a node.
func refOf(node string, key []byte) entry.Ref {
	tail := key[len(key)-12:]
	return entry.Ref{Node: node, Epoch: int(binary.BigEndian.Uint32(tail)), Index: binary.BigEndian.Uint64(tail[4:])}
}

// nodeOf is the node id in the key of a record.
func nodeOf(key []byte) string {
	start := len(groupOf(key)) + 1
	return string(key[start : len(key)-13])
}

// Totals counts what the views hold.
type Totals struct {
	Records    int            `json:"records"`
	Contracts  int            `json:"contracts"`
	Conforming int            `json:"conforming"`
	ToCorrect  int            `json:"toCorrect"`
	Withdrawn  int            `json:"withdrawn"`
	Redacted   int            `json:"redacted"`
	Conflicts  int            `json:"conflicts"` // contracts whose sources or versions differ
	Kinds      map[string]int `json:"kinds"`
}

func (t *Totals) count(c contractRow, sign int) {
	t.Contracts += sign
	switch c.State {
	case pivot.Conforming:
		t.Conforming += sign
	case pivot.ToCorrect:
		t.ToCorrect += sign
	case Withdrawn:
		t.Withdrawn += sign
	case Redacted:
		t.Redacted += sign
	}
	if c.Conflict {
		t.Conflicts += sign
	}
	if t.Kinds == nil {
		t.Kinds = map[string]int{}
	}
	if t.Kinds[string(c.Kind)] += sign; t.Kinds[string(c.Kind)] == 0 {
		delete(t.Kinds, string(c.Kind))
	}
}

func totals(tx store.Tx) (Totals, error) {
	var t Totals
	if raw := tx.Bucket(metaBucket).Get(totalsKey); raw != nil {
		if err := json.Unmarshal(raw, &t); err != nil {
			return t, fmt.Errorf("totals: %w", err)
		}
	}
	return t, nil
}
