package parquet_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"maillon/catalog/parquet"
)

// groupOf writes lines as one group.
func groupOf(list []line) ([]byte, parquet.Group) {
	t := parquet.New(lineColumns)
	for _, l := range list {
		add(t, l)
	}
	return t.Group(nil)
}

// Groups that are joined are the group of all their lines, to the byte.
func TestJoinedGroupsAreTheGroupOfTheirLines(t *testing.T) {
	j := parquet.NewJoiner()
	for seed, size := range []int{1, 7, 100, 5000, 30_000} {
		all := some(rand.New(rand.NewPCG(uint64(seed), 2)), size)
		table := parquet.New(lineColumns)
		for part := range slices.Chunk(all, 1+size/5) {
			data, g := groupOf(part)
			rest, err := j.Join(table, append(data, "after"...), g)
			if err != nil || string(rest) != "after" {
				t.Fatalf("%d lines: %v, rest %.20q", size, err, rest)
			}
		}
		if table.Rows() != size {
			t.Errorf("%d lines, want %d", table.Rows(), size)
		}
		got, gotGroup := table.Group(nil)
		want, wantGroup := groupOf(all)
		if !bytes.Equal(got, want) || !bytes.Equal(gotGroup.Append(nil), wantGroup.Append(nil)) {
			t.Errorf("%d lines: joined they are others", size)
		}
	}
}

// Whatever stands in a damaged group, joining it ends with lines or an error.
func FuzzJoin(f *testing.F) {
	for _, size := range []int{1, 9, 300} {
		data, g := groupOf(some(rand.New(rand.NewPCG(9, uint64(size))), size))
		meta := g.Append(nil)
		f.Add(meta, data)
		f.Add(meta, data[:len(data)/2])
		harmed := bytes.Clone(data)
		harmed[len(data)/3] ^= 0x41
		f.Add(meta, harmed)
	}
	f.Fuzz(func(t *testing.T, meta, data []byte) {
		g, _, err := parquet.ReadGroup(meta)
		if err != nil {
			return
		}
		table := parquet.New(lineColumns)
		if _, err := parquet.NewJoiner().Join(table, data, g); err == nil && table.Rows() > 0 {
			table.Group(nil)
		}
	})
}
