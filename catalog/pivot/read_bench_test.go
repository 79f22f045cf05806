package pivot

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// benchmarkFile reads and judges a file in memory, over and over.
func benchmarkFile(b *testing.B, raw []byte) {
	records := 0
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(bytes.NewReader(raw), Limits{})
		for _, err := range r.Check(Checking{}) {
			if err != nil {
				b.Fatal(err)
			}
			records++
		}
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkReadAndJudge(b *testing.B) {
	dir := filepath.Join(judgeConformance(b), "pivot")
	for _, name := range []string{
		"v1/aws-2019.json", "v1/pes-helios-2019-04.json", "v2/dematis16.json", "v2/dematis17.json", "v1/region-bretagne-a.xml",
	} {
		b.Run(filepath.Base(name), func(b *testing.B) {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				b.Fatal(err)
			}
			benchmarkFile(b, raw)
		})
	}
	b.Run("dematis16.json ×100", func(b *testing.B) {
		items, _, err := readConformance(b, "v2/dematis16.json")
		if err != nil {
			b.Fatal(err)
		}
		var list [][]byte
		for range 100 {
			for _, item := range items {
				list = append(list, item.Record.Raw)
			}
		}
		benchmarkFile(b, slices.Concat([]byte(`{"marches":{"marche":[`), bytes.Join(list, []byte(",")), []byte("]}}")))
	})
	b.Run("official 2.0.2 Marche.xml ×1000", func(b *testing.B) {
		raw, err := os.ReadFile(filepath.Join(dir, "official/2.0.2/xml/Marche.xml"))
		if err != nil {
			b.Fatal(err)
		}
		start, end := bytes.Index(raw, []byte("<marche>")), bytes.LastIndex(raw, []byte("</marches>"))
		records := bytes.Repeat(raw[start:end], 1000)
		benchmarkFile(b, append(append([]byte(xml.Header+"<marches>"), records...), "</marches>"...))
	})
}

func BenchmarkHashOf(b *testing.B) {
	items, _, err := readConformance(b, "v2/dematis16.json")
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, item := range items {
		n += len(item.Record.Raw)
	}
	b.SetBytes(int64(n))
	for b.Loop() {
		for _, item := range items {
			if _, err := HashOf(item.Record.Raw); err != nil {
				b.Fatal(err)
			}
		}
	}
}
