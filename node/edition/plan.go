package edition

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"strings"

	"maillon/catalog/territory"
	"maillon/store/view"
)

// pieceContracts is how many contracts a piece has at most, about: more are divided
// by buyers. One buyer's year is never divided.
const pieceContracts = 4096

// A plan is a piece that is wanted, with the partitions that it is made of.
type plan struct {
	Piece
	parts []view.Brief
}

// place is where pieces of a year and a département gather.
type place struct{ year, departement string }

// plans divides partitions into pieces. seat tells the département of a buyer.
func plans(parts []view.Brief, seat func(buyer string) string) []*plan {
	places := map[place][]view.Brief{}
	for _, p := range parts {
		at := place{p.Year, seat(p.Buyer)}
		places[at] = append(places[at], p)
	}
	var out []*plan
	for at, list := range places {
		total := 0
		for _, p := range list {
			total += p.Contracts
		}
		// A power of two, so that growth moves buyers rarely.
		n := uint32(1) << bits.Len(uint(max(total-1, 0)/pieceContracts)) //nolint:gosec // far below 2^32
		made := map[uint32]*plan{}
		for _, p := range list {
			part := hashOf(p.Buyer) % n
			if made[part] == nil {
				made[part] = &plan{Piece: Piece{Year: at.year, Departement: at.departement, Part: part, Parts: n}}
				out = append(out, made[part])
			}
			made[part].parts = append(made[part].parts, p)
		}
	}
	for _, p := range out {
		p.settle()
	}
	slices.SortFunc(out, func(a, b *plan) int { return comparePieces(&a.Piece, &b.Piece) })
	return out
}

// settle puts the partitions in order and tells the revision of them all.
func (p *plan) settle() {
	slices.SortFunc(p.parts, func(a, b view.Brief) int { return cmp.Compare(a.Buyer, b.Buyer) })
	h := fnv.New64a()
	for _, part := range p.parts {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], part.Revision)
		h.Write([]byte(part.Buyer)) //nolint:errcheck // never fails
		h.Write(b[:])               //nolint:errcheck // never fails
		if part.Changed.After(p.Modified) {
			p.Modified = part.Changed
		}
	}
	p.Revision = h.Sum64()
}

func hashOf(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s)) //nolint:errcheck // never fails
	return h.Sum32()
}

// same reports whether a piece that is there is the one wanted.
func (p *plan) same(old *Piece) bool {
	return old.Year == p.Year && old.Departement == p.Departement && old.Part == p.Part && old.Parts == p.Parts && old.Revision == p.Revision
}

// seatOf is the département of a buyer by the geographic code; "" if it is not in
// one, or in several.
func seatOf(buyer string) string {
	const siren = 9
	if len(buyer) < siren {
		return ""
	}
	b, ok := territory.BySIREN(buyer[:siren])
	if !ok {
		return ""
	}
	if ds := territory.Departements(b.Geozone); len(ds) > 0 {
		return ds[0]
	}
	return ""
}

// A seat is where the contracts of a buyer without a place in the geographic code are
// executed mostly, and of which contracts that is known.
type seat struct {
	revision    uint64
	departement string
}

// mostAsked is for how many buyers their contracts are read one after the other, rather
// than the list of all.
const mostAsked = 200

// seats tells the département of each buyer: by the geographic code, else where most
// of its contracts are executed, else "". What it found out is remembered until the
// contracts of a buyer change.
func (s *Store) seats(parts []view.Brief) (func(string) string, error) {
	coded, revisions := map[string]string{}, map[string]uint64{}
	for _, p := range parts {
		if _, done := coded[p.Buyer]; done {
			continue
		}
		if _, unknown := revisions[p.Buyer]; !unknown {
			if d := seatOf(p.Buyer); d != "" {
				coded[p.Buyer] = d
				continue
			}
		}
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %d", p.Year, p.Revision)
		revisions[p.Buyer] += h.Sum64()
	}
	if err := s.settleSeats(revisions); err != nil {
		return nil, err
	}
	return func(buyer string) string {
		if d := coded[buyer]; d != "" {
			return d
		}
		return s.settled[buyer].departement
	}, nil
}

// settleSeats brings what is remembered to the revisions of buyers; the caller holds work.
func (s *Store) settleSeats(revisions map[string]uint64) error {
	if s.settled == nil {
		s.settled = map[string]seat{}
	}
	for buyer := range s.settled {
		if _, there := revisions[buyer]; !there {
			delete(s.settled, buyer)
		}
	}
	ask := map[string]bool{}
	for buyer, r := range revisions {
		if was, known := s.settled[buyer]; !known || was.revision != r {
			ask[buyer] = true
		}
	}
	found := map[string]string{}
	if len(ask) > mostAsked {
		var err error
		if found, err = s.Views.MainDepartements(ask); err != nil {
			return err
		}
	} else {
		for buyer := range ask {
			d, err := s.Views.MainDepartement(buyer)
			if err != nil {
				return err
			}
			found[buyer] = d
		}
	}
	for buyer := range ask {
		s.settled[buyer] = seat{revisions[buyer], strings.Clone(found[buyer])}
	}
	return nil
}
