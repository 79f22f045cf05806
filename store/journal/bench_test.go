package journal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/bolt"
)

// contracts makes n entries of about 1.2 kB that compress about as real ones do.
func contracts(b *testing.B, n int) []entry.Entry {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("travaux fourniture services entretien voirie maintenance des du de la les bâtiment école réseau éclairage assainissement lot marché commune prestation restauration scolaire informatique matériel étude maîtrise œuvre")
	text := func(n int) string {
		var s []string
		for range n {
			s = append(s, words[r.IntN(len(words))])
		}
		return strings.Join(s, " ")
	}
	es := make([]entry.Entry, n)
	for i := range es {
		id := fmt.Sprintf("%d%06d00", 2015+r.IntN(10), i)
		raw := fmt.Appendf(nil, `{"id":%q,"uid":"%014d%s","acheteur":{"id":"%014d","nom":%q},"nature":"Marché","objet":%q,"codeCPV":"%08d","procedure":"Procédure adaptée","lieuExecution":{"code":"%05d","typeCode":"Code postal","nom":%q},"dureeMois":%d,"dateNotification":"20%02d-%02d-%02d","datePublicationDonnees":"20%02d-%02d-%02d","montant":%d.%02d,"formePrix":"Ferme","titulaires":[{"id":"%014d","typeIdentifiant":"SIRET","denominationSociale":%q},{"id":"%014d","typeIdentifiant":"SIRET","denominationSociale":%q}],"modifications":[],"considerationsSociales":["Pas de considération sociale"],"considerationsEnvironnementales":["Pas de considération environnementale"],"observations":%q}`,
			id, r.Int64N(1e14), id, r.Int64N(1e14), text(3), text(14), r.IntN(1e8), r.IntN(1e5), text(2), r.IntN(48), r.IntN(25), 1+r.IntN(12), 1+r.IntN(28), r.IntN(25), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1e6), r.IntN(100), r.Int64N(1e14), text(3), r.Int64N(1e14), text(2), text(12))
		rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: raw, Buyer: self, ID: id}
		var err error
		es[i], err = entry.NewPut(salts(uint64(i)), rec, entry.Source{Deposit: "20260301-120000-1", Series: "main", Pointer: fmt.Sprintf("/marches/%d", i), Form: pivot.Flat}, noon)
		if err != nil {
			b.Fatal(err)
		}
	}
	return es
}

// BenchmarkAppend signs and publishes once per batch.
func BenchmarkAppend(b *testing.B) {
	es := contracts(b, 10_000)
	for _, n := range []int{1, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			k := newKey(b, self, 1)
			l := open(b, openBolt(b), k)
			entries := 0
			for b.Loop() {
				from := entries % len(es)
				if err := tryCommitB(b, l, k, es[from:from+n]); err != nil {
					b.Fatal(err)
				}
				entries += n
			}
			b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func tryCommitB(b *testing.B, l *Log, k keyPair, es []entry.Entry) error {
	w, err := l.Writer(b.Context())
	if err != nil {
		return err
	}
	return w.Commit(k, es, nil)
}

// filled is a log of n entries, committed in batches of 1,000.
func filled(b *testing.B, n int) (*bolt.DB, *Log, keyPair) {
	b.Helper()
	k := newKey(b, self, 1)
	db := openBolt(b)
	l := open(b, db, k)
	es := contracts(b, 10_000)
	for size := 0; size < n; size += 1000 {
		if err := tryCommitB(b, l, k, es[size%len(es):][:1000]); err != nil {
			b.Fatal(err)
		}
	}
	return db, l, k
}

func BenchmarkRead(b *testing.B) {
	const n = 100_000
	db, l, k := filled(b, n)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := Open(db, self, 0, k.v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("restart", func(b *testing.B) {
		path := db.Path()
		for b.Loop() {
			err := db.Close()
			if err == nil {
				db, err = bolt.Open(path, bolt.Options{InitialMmap: 64 << 20})
			}
			if err == nil {
				l, err = Open(db, self, 0, k.v)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	defer func() { _ = db.Close() }()
	b.Run("random entry", func(b *testing.B) {
		for b.Loop() {
			if _, err := l.Entry(rand.Uint64N(n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("recent entry", func(b *testing.B) {
		for b.Loop() {
			if _, err := l.Entry(1000 + rand.Uint64N(500)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("all entries", func(b *testing.B) {
		entries := 0
		for b.Loop() {
			for _, err := range l.Entries(b.Context(), 0, n) {
				if err != nil {
					b.Fatal(err)
				}
				entries++
			}
		}
		b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("verify", func(b *testing.B) {
		entries := 0
		for b.Loop() {
			if _, err := Verify(b.Context(), l); err != nil {
				b.Fatal(err)
			}
			entries += n
		}
		b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("mirror", func(b *testing.B) {
		entries := 0
		for b.Loop() {
			m := open(b, openBolt(b), k)
			batches := func(yield func([]entry.Entry, error) bool) {
				for from := uint64(0); from < n; from += tileSize {
					var es []entry.Entry
					for e, err := range l.Entries(b.Context(), from, min(n, from+tileSize)) {
						if err != nil {
							b.Fatal(err)
						}
						es = append(es, e)
					}
					if !yield(es, nil) {
						return
					}
				}
			}
			if err := m.Extend(b.Context(), l.Checkpoint(), batches); err != nil {
				b.Fatal(err)
			}
			entries += n
		}
		b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	})
}
