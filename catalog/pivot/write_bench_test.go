package pivot

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"testing"
)

// repeated yields the four full contracts of a generation n times over.
func repeated(g Generation, n int) (iter.Seq[Contract], int) {
	list := slices.Repeat(ofGeneration(full(), g), n)
	return slices.Values(list), len(list)
}

func benchmarkWriter(b *testing.B, g Generation, write func(io.Writer, Generation, iter.Seq[Contract]) error) {
	contracts, n := repeated(g, 500)
	var size bytes.Buffer
	if err := write(&size, g, contracts); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := write(io.Discard, g, contracts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/contract")
}

func BenchmarkWriteJSON(b *testing.B) { benchmarkWriter(b, Gen2, WriteJSON) }

func BenchmarkWriteXML(b *testing.B) { benchmarkWriter(b, Gen2, WriteXML) }

func BenchmarkWriteCSV(b *testing.B) {
	benchmarkWriter(b, Gen2, func(w io.Writer, _ Generation, contracts iter.Seq[Contract]) error { return WriteCSV(w, contracts) })
}

func BenchmarkWriteComplet(b *testing.B) {
	benchmarkWriter(b, Gen2, func(w io.Writer, _ Generation, contracts iter.Seq[Contract]) error {
		return WriteComplet(w, func(yield func(Complete) bool) {
			for c := range contracts {
				if !yield(Complete{Contract: c, State: Conforming, Schema: V203}) {
					return
				}
			}
		})
	})
}

func BenchmarkNormalise(b *testing.B) {
	var file bytes.Buffer
	if err := WriteJSON(&file, Gen2, slices.Values([]Contract{fullMarche()})); err != nil {
		b.Fatal(err)
	}
	rec := readJSON(b, Gen2, file.Bytes())[0]
	rec.Raw = json.RawMessage(bytes.TrimSpace(rec.Raw))
	b.SetBytes(int64(len(rec.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		Normalise(rec)
	}
}
