package edition

import (
	"cmp"
	"encoding/binary"
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
	parts []view.Partition
}

// place is where pieces of a year and a département gather.
type place struct{ year, departement string }

// plans divides partitions into pieces. seat tells the département of a buyer.
func plans(parts []view.Partition, seat func(buyer string) string) []*plan {
	places := map[place][]view.Partition{}
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
	slices.SortFunc(p.parts, func(a, b view.Partition) int { return cmp.Compare(a.Buyer, b.Buyer) })
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

// seats tells the département of each buyer: by the geographic code, else where most
// of its contracts are executed, else "".
func (s *Store) seats(parts []view.Partition) (func(string) string, error) {
	known, unknown := map[string]string{}, map[string]bool{}
	for _, p := range parts {
		if _, done := known[p.Buyer]; done || unknown[p.Buyer] {
			continue
		}
		if d := seatOf(p.Buyer); d != "" {
			known[p.Buyer] = d
		} else {
			unknown[p.Buyer] = true
		}
	}
	if len(unknown) > 0 {
		mains, err := s.Views.MainDepartements(unknown)
		if err != nil {
			return nil, err
		}
		for buyer, d := range mains {
			known[strings.Clone(buyer)] = d
		}
	}
	return func(buyer string) string { return known[buyer] }, nil
}
