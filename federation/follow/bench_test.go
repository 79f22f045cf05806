package follow

import (
	"bytes"
	"context"
	"iter"
	"testing"

	"maillon/catalog/entry"
	"maillon/store/journal"
	"maillon/store/storetest"
)

// seen is a mirror that keeps nothing.
type seen struct{ entries int }

func (*seen) Size() uint64       { return 0 }
func (*seen) Checkpoint() []byte { return nil }

func (m *seen) Extend(_ context.Context, _ []byte, batches iter.Seq2[[]entry.Entry, error]) error {
	for batch, err := range batches {
		if err != nil {
			return err
		}
		m.entries += len(batch)
	}
	return nil
}

// BenchmarkFollow fetches and proves 20,000 records of about 1,200 bytes over
// loopback, served by a real journal, without keeping them and with.
func BenchmarkFollow(b *testing.B) {
	s := newServer(b)
	own, err := journal.Open(storetest.Memory(), rennes, 0, s.verifier)
	if err != nil {
		b.Fatal(err)
	}
	const n = 20_000
	all := make([]entry.Entry, 0, n)
	for i := range n {
		body := bytes.Repeat([]byte(`{"id":"2026-1","objet":"travaux de voirie"}`), 28)
		body[10] = byte('0' + i%10)
		all = append(all, s.put(b, body))
	}
	s.append(b, own, all...)
	base := serveJournal(b, own)
	c := client(Options{})
	for name, mirror := range map[string]func() Mirror{
		"prove": func() Mirror { return &seen{} },
		"mirror": func() Mirror {
			m, err := journal.Open(storetest.Memory(), rennes, 0, s.verifier)
			if err != nil {
				b.Fatal(err)
			}
			return m
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Follow(b.Context(), base, s.verifier, mirror()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
