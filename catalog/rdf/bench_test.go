package rdf

import (
	"io"
	"testing"
)

func BenchmarkFromCatalog(b *testing.B) {
	c := sample(500)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		g, _ := FromCatalog(c)
		n += g.Len()
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "triples/s")
}

func BenchmarkWrite(b *testing.B) {
	g := built(b, sample(500))
	for _, s := range Syntaxes() {
		b.Run(s.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(io.Discard, g, s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(g.Len()*b.N)/b.Elapsed().Seconds(), "triples/s")
		})
	}
}

// BenchmarkWhole is a catalogue of 5,000 datasets in one page, from plain
// values to bytes.
func BenchmarkWhole(b *testing.B) {
	c := sample(5000)
	for b.Loop() {
		g, _ := FromCatalog(c)
		if err := Write(io.Discard, g, RDFXML); err != nil {
			b.Fatal(err)
		}
	}
}
