package search

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/catalog/pivot"
	"maillon/store/view"
)

// A Result is what a query finds.
type Result struct {
	Total  int                   `json:"total"` // of all pages
	Items  []Row                 `json:"items"`
	Next   string                `json:"next,omitempty"` // cursor of the next page; "" on the last
	Facets map[Dimension][]Count `json:"facets,omitempty"`
}

// A Row is a contract in a list.
type Row struct {
	view.Row
	End       string `json:"dateFin,omitempty"` // notification plus duration
	Procedure string `json:"procedure,omitempty"`
	Nature    string `json:"nature,omitempty"`
	Offers    *int   `json:"offresRecues,omitempty"`
	Modified  bool   `json:"modifie,omitempty"`
	// Where the first supplier sits (INSEE code) and its size, as a register knows them.
	SupplierCommune string `json:"titulaireCommune,omitempty"`
	SupplierSize    string `json:"titulaireTaille,omitempty"`
}

// RowOf is what a list shows of a contract that was read from the views.
func RowOf(s view.Shown) Row {
	return Row{Row: s.Row, End: dateOf(endOf(dayOf(s.Notified), s.Months)), Procedure: cut(s.Contract.Procedure, longest), Nature: cut(s.Contract.Nature, longest),
		Offers: fromOne(offersOf(s.Contract.Offers)), Modified: len(s.Contract.Modifications) > 0}
}

// A Count is a value of a facet.
type Count struct {
	Code  string `json:"code"`            // as in addresses; "" for not given
	Label string `json:"label,omitempty"` // where it is not the code
	Count int    `json:"count"`
}

// A place in an order: what is sorted by, as a number that sorts as the order does,
// and the address for equals.
type spot struct {
	key     uint64
	address string
}

// cursor is the place after which the page of a query begins; nil for the beginning.
// By date it is that of [view.Views.Contracts].
func (q *Query) cursor() (*spot, error) {
	if q.After == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(q.After)
	size := cursorSize(q.order())
	if err != nil || len(raw) <= size {
		return nil, fmt.Errorf("%w: %q", view.ErrCursor, shown(q.After))
	}
	s := &spot{address: string(raw[size:])}
	if size == 4 {
		s.key = uint64(binary.BigEndian.Uint32(raw))
	} else {
		s.key = binary.BigEndian.Uint64(raw)
	}
	return s, nil
}

func cursorSize(s Sort) int {
	if s == Newest {
		return 4
	}
	return 8
}

func (s spot) cursor(order Sort) string {
	var raw []byte
	if cursorSize(order) == 4 {
		raw = binary.BigEndian.AppendUint32(nil, uint32(s.key))
	} else {
		raw = binary.BigEndian.AppendUint64(nil, s.key)
	}
	return base64.RawURLEncoding.EncodeToString(append(raw, s.address...))
}

// keys gives each row of a run its place in an order.
func (s *selection) keys(order Sort, rows []uint32, out []uint64) {
	c := s.c
	switch order {
	case Largest:
		for i, r := range rows {
			out[i] = ^sortable(c.amount[r])
		}
	case Ending:
		for i, r := range rows {
			out[i] = uint64(c.end[r]) - 1 // 0, unknown, comes last
		}
	case Relevance:
		scores := make([]float32, len(rows))
		s.scores(rows, scores)
		for i, r := range rows {
			// Of equal matches the newest comes first.
			out[i] = uint64(^math.Float32bits(scores[i]))<<32 | uint64(^c.day[r])
		}
	default:
		for i, r := range rows {
			out[i] = uint64(^c.day[r])
		}
	}
}

// sortable is a number that sorts as v does; the least for none.
func sortable(v float64) uint64 {
	if v != v {
		return 0
	}
	b := math.Float64bits(v)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// search answers a query.
func (c *core) search(q *Query) (Result, error) {
	after, err := q.cursor()
	if err != nil {
		return Result{}, err
	}
	s := c.find(q)
	out := Result{Items: []Row{}, Total: s.settle()}
	out.Facets = c.facets(q, s.set, out.Total)
	if q.Limit == 0 {
		return out, nil
	}
	order := q.order()
	list := s.first(order, c.newTop(q.Limit, after), out.Total)
	for _, p := range list[:min(len(list), q.Limit)] {
		out.Items = append(out.Items, c.row(p.row))
	}
	if len(list) > q.Limit {
		p := list[q.Limit-1]
		out.Next = spot{p.key, c.address(p.row)}.cursor(order)
	}
	return out, nil
}

// sorted are all rows of a query, in its order.
func (c *core) sorted(q *Query) []uint32 {
	s := c.find(q)
	list := make([]placed, 0, s.settle())
	keys := make([]uint64, runOf)
	order := q.order()
	s.set.each(func(rows []uint32) bool {
		s.keys(order, rows, keys)
		for i, r := range rows {
			list = append(list, placed{keys[i], r})
		}
		return true
	})
	slices.SortFunc(list, c.compare)
	out := make([]uint32, len(list))
	for i, p := range list {
		out[i] = p.row
	}
	return out
}

// A placed row is one with its place in an order.
type placed struct {
	key uint64
	row uint32
}

func (c *core) compare(a, b placed) int {
	if a.key != b.key {
		return cmp.Compare(a.key, b.key)
	}
	return strings.Compare(c.address(a.row), c.address(b.row))
}

// first are the first rows of an order, by its end.
func (s *selection) first(order Sort, t *top, size int) []placed {
	if b, ok := monthsOf(order); ok && size > s.c.n/walkFrom && s.walk(order, b, t, size) {
		return t.sorted()
	}
	t.heap = t.heap[:0]
	keys := make([]uint64, runOf)
	s.set.each(func(rows []uint32) bool {
		s.keys(order, rows, keys)
		t.see(rows, keys)
		return true
	})
	return t.sorted()
}

// walkFrom is below what share of all rows looking at each is faster than walking
// through the months.
const walkFrom = 64

// monthsOf is the base whose codes an order by date follows.
func monthsOf(order Sort) (base, bool) {
	switch order {
	case Newest:
		return baseMonth, true
	case Ending:
		return baseEndMonth, true
	}
	return 0, false
}

// walk goes through the months in an order until the page is full. It gives up, and
// says so, where that takes longer than to look at all that was found.
func (s *selection) walk(order Sort, b base, t *top, size int) bool {
	keys, buf := make([]uint64, runOf), make([]uint32, runOf)
	posts, all, seen := s.c.posts[b], s.c.all[b], 0
	for i := 0; i < len(posts) && seen <= size; i++ {
		month := i // 0 first: it also has what is beyond the months that are numbered
		if order == Newest && i > 0 {
			month = len(posts) - i
		}
		if month >= len(all) || all[month] == 0 {
			continue
		}
		seen += int(all[month])
		posts[month].each(buf, func(rows []uint32) {
			n := 0
			for _, r := range rows {
				rows[n] = r
				n += int(s.set[r>>6] >> (r & 63) & 1)
			}
			s.keys(order, rows[:n], keys)
			t.see(rows[:n], keys)
		})
		if len(t.heap) == t.most && month > 0 && t.heap[0].key <= lastKey(order, uint32(month)) {
			return true // the months that follow are behind all of these
		}
	}
	return false
}

// lastKey is the last that a key can be in a month, in an order by date.
func lastKey(order Sort, month uint32) uint64 {
	y, m := yearMonth(month)
	first := uint32(y*10000 + m*100)
	if order == Newest {
		return uint64(^first)
	}
	return uint64(first + 98)
}

// A top keeps the first rows of an order: one more than the page, to know whether there
// is another.
type top struct {
	c     *core
	most  int
	after *spot
	heap  []placed // the last of them first
}

func (c *core) newTop(limit int, after *spot) *top { return &top{c: c, most: limit + 1, after: after} }

func (t *top) see(rows []uint32, keys []uint64) {
	for i, r := range rows {
		k := keys[i]
		if len(t.heap) == t.most && k > t.heap[0].key {
			continue
		}
		if a := t.after; a != nil && (k < a.key || k == a.key && t.c.address(r) <= a.address) {
			continue
		}
		p := placed{k, r}
		if len(t.heap) < t.most {
			t.heap = append(t.heap, p)
			t.up(len(t.heap) - 1)
		} else if t.c.compare(p, t.heap[0]) < 0 {
			t.heap[0] = p
			t.down()
		}
	}
}

func (t *top) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if t.c.compare(t.heap[i], t.heap[parent]) <= 0 {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

func (t *top) down() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(t.heap) {
			return
		}
		if child+1 < len(t.heap) && t.c.compare(t.heap[child+1], t.heap[child]) > 0 {
			child++
		}
		if t.c.compare(t.heap[child], t.heap[i]) <= 0 {
			return
		}
		t.heap[i], t.heap[child] = t.heap[child], t.heap[i]
		i = child
	}
}

func (t *top) sorted() []placed {
	slices.SortFunc(t.heap, t.c.compare)
	return t.heap
}

// address is that of a row.
func (c *core) address(row uint32) string {
	slug, _ := text(c.blobs.at(row))
	return contract.Escape(c.buyers.values[c.cols[baseBuyer].u32[row]]) + "/" + slug
}

// text reads a text of a blob, and gives what follows.
func text(b []byte) (string, []byte) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil
	}
	return string(b[size : size+int(n)]), b[size+int(n):]
}

// row is what a list shows of a row.
func (c *core) row(row uint32) Row {
	slug, rest := text(c.blobs.at(row))
	id, rest := text(rest)
	object, rest := text(rest)
	notified, rest := text(rest)
	published, rest := text(rest)
	authority, rest := text(rest)
	records, _ := binary.Uvarint(rest)
	m, buyer := c.mixes.values[c.cols[baseMix].at(row)], c.cols[baseBuyer].at(row)
	flags := m.flags
	out := Row{Row: view.Row{
		Kind: pivot.Kind(kindOf(flags)), State: states[flags&flagState], Buyer: c.buyers.values[buyer], BuyerName: c.buyerNames[buyer],
		ID: cmp.Or(id, unescaped(slug)), Object: object, CPV: c.cpvs.values[c.cols[baseCPV].at(row)], Notified: cmp.Or(dateOf(c.day[row]), notified),
		Published: cmp.Or(dateOf(c.published[row]), published), Departement: c.places.departements.values[c.where(row).departement],
		Node: c.nodes.values[c.cols[baseNode].at(row)], Authority: authority, Records: int(records), Conflict: flags&flagConflict != 0,
	}, End: dateOf(c.end[row]), Procedure: c.procedures.values[m.procedure], Nature: c.natures.values[m.nature],
		Modified: flags&flagModified != 0}
	out.Address = contract.Escape(out.Buyer) + "/" + slug
	f := c.firm(row)
	out.SupplierCommune = c.sites.places.communes.values[f.levels[0]]
	if f.size > 0 {
		out.SupplierSize = sizes[f.size-1]
	}
	if v := c.amount[row]; v == v {
		out.Amount = &v
	}
	out.Months, out.Offers = fromOne(uint32(c.months[row])), fromOne(c.cols[baseOffers].at(row))
	for _, s := range c.suppliersOf(row) {
		out.Suppliers = append(out.Suppliers, c.suppliers.values[s])
		out.Supplier = cmp.Or(out.Supplier, c.supplierNames[s])
	}
	return out
}

// fromOne undoes that a number is kept plus one, so that 0 is none.
func fromOne(n uint32) *int {
	if n == 0 {
		return nil
	}
	v := int(n - 1)
	return &v
}

func unescaped(slug string) string {
	slug, _, _ = strings.Cut(slug, "~")
	if plain, err := url.PathUnescape(slug); err == nil {
		return plain
	}
	return slug
}
