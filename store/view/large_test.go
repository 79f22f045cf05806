//go:build unix

package view

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/bolt"
)

// A made is a made-up federation: records contracts of buyers, each told in the
// journal of one of its members.
type made struct {
	records, buyers, members int
	r                        *rand.Rand
}

func makeLarge(records int) *made {
	return &made{records, max(1, records*36_000/1_200_000), max(1, records*2000/1_200_000), rand.New(rand.NewPCG(1, 2))}
}

func siretOf(n int) string { return fmt.Sprintf("2%08d%05d", n%90_000_000, 13+n%7) }

func (m *made) pick(of ...string) string { return of[m.r.IntN(len(of))] }

// contract makes one up; one in fifty is a later version of the buyer's contract before.
func (m *made) contract(buyer, n int) (id, raw string) {
	r := m.r
	if r.IntN(50) == 0 && n > 0 {
		n--
	}
	id = fmt.Sprintf("2024M%06d", n)
	day := time.Date(2018+r.IntN(8), 1, 1+r.IntN(365), 0, 0, 0, 0, time.UTC)
	raw = fmt.Sprintf(`{"id":%q,"acheteur":{"id":%q},"nature":"Marché","objet":"%s - lot n° %d, site %d","codeCPV":"%s",`+
		`"techniques":{"technique":["%s"]},"modalitesExecution":{"modaliteExecution":["%s"]},"marcheInnovant":false,"ccag":"%s",`+
		`"offresRecues":%d,"attributionAvance":true,"tauxAvance":0.05,"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"%s",`+
		`"lieuExecution":{"code":"%05d","typeCode":"Code commune"},"dureeMois":%d,"dateNotification":"%s","datePublicationDonnees":"%s",`+
		`"montant":%d.%02d,"typesPrix":{"typePrix":["Définitif révisable"]},"formePrix":"%s","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"%s"}}],`+
		`"considerationsSociales":{"considerationSociale":["%s"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["%s"]}}`,
		id, siretOf(buyer), m.pick("Travaux de rénovation énergétique de l'école", "Fourniture de denrées alimentaires", "Maîtrise d'œuvre pour l'aménagement de la place", "Entretien des espaces verts"),
		r.IntN(40), r.IntN(10_000), m.pick("45214200-2", "71311300-4", "33600000-6", "90910000-9"), m.pick("Accord-cadre", "Sans objet"), m.pick("Bons de commande", "Tranches", "Sans objet"),
		m.pick("Travaux", "Pas de CCAG"), 1+r.IntN(9), m.pick("Procédure adaptée", "Appel d'offres ouvert", "Procédure avec négociation"), 35001+r.IntN(300), 1+r.IntN(60),
		day.Format(time.DateOnly), day.AddDate(0, 0, r.IntN(60)).Format(time.DateOnly), 40_000+r.IntN(900_000), r.IntN(100), m.pick("Unitaire", "Forfaitaire"), siretOf(r.IntN(2_000_000)),
		m.pick("Clause sociale", "Pas de considération sociale"), m.pick("Clause environnementale", "Pas de considération environnementale"))
	return id, raw
}

// part makes the next entries of one member's journal: n of them from index on.
func (m *made) part(t testing.TB, member, index, n int) Part {
	p := Part{Journal: Journal{Node: siretOf(100_000 + member)}}
	perMember := max(1, m.buyers/m.members)
	for i := range n {
		at := time.Date(2026, 4, 1, 8, 0, index+i, 0, time.UTC)
		buyer := member*perMember + (index+i)%perMember
		id, raw := m.contract(buyer, (index+i)/perMember)
		rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Nested, Raw: []byte(raw), Buyer: siretOf(buyer), ID: id}
		e, err := entry.NewPut(zeros{}, rec, entry.Source{
			Deposit: fmt.Sprintf("2026%08x", member), Series: "fichiers/decp.json", Pointer: "/marches/marche/" + strconv.Itoa(index+i), Form: pivot.Nested,
		}, at)
		if err != nil {
			t.Fatal(err)
		}
		p.Items = append(p.Items, Item{Index: uint64(index + i), Entry: e})
	}
	return p
}

// batches makes all entries in batches, journal by journal.
func (m *made) batches(t testing.TB, batch int, take func([]Part)) {
	each := m.records / m.members
	var parts []Part
	n := 0
	for member := range m.members {
		for index := 0; index < each; {
			k := min(each-index, batch-n)
			parts = append(parts, m.part(t, member, index, k))
			index += k
			if n += k; n == batch {
				take(parts)
				parts, n = nil, 0
			}
		}
	}
	if n > 0 {
		take(parts)
	}
}

func largeRecords() int {
	if n, err := strconv.Atoi(os.Getenv("MAILLON_RECORDS")); err == nil {
		return n
	}
	return 100_000
}

func largeBatch() int {
	if n, err := strconv.Atoi(os.Getenv("MAILLON_BATCH")); err == nil {
		return n
	}
	return 20_000
}

// BenchmarkApplyLarge makes views of 100,000 records, or of MAILLON_RECORDS of them
// (1200000 is the national stock), over 36,000 buyers and 2,000 journals for the
// national stock and in proportion for less. The clock runs while views are made
// only, one batch after another. peak-MB is of the heap.
func BenchmarkApplyLarge(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "views.db")
		_, size := buildLarge(b, path)
		b.ReportMetric(size.peak, "peak-MB")
		b.ReportMetric(float64(size.records)/size.took.Seconds(), "records/s")
		b.ReportMetric(float64(size.cpu.Microseconds())/float64(size.records), "cpu-µs/record")
		b.ReportMetric(size.file/float64(size.records), "file-B/record")
	}
}

// BenchmarkCatchUp makes the same views from journals in a store, as a node does after
// its rules have changed: reading, preparing and writing at once.
func BenchmarkCatchUp(b *testing.B) {
	main, err := bolt.Open(filepath.Join(b.TempDir(), "maillon.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer main.Close()
	views, err := bolt.Open(filepath.Join(b.TempDir(), "views.db"), bolt.Options{Churn: true})
	if err != nil {
		b.Fatal(err)
	}
	defer views.Close()
	v, m := open(b, views), makeLarge(largeRecords())
	var sources []Source
	for member := range m.members {
		p := m.part(b, member, 0, m.records/m.members)
		entries := make([]entry.Entry, 0, len(p.Items))
		for _, it := range p.Items {
			entries = append(entries, it.Entry)
		}
		sources = append(sources, published(b, main, p.Journal.Node, entries))
	}
	n, used := 0, cpuTime()
	for b.Loop() {
		if err := v.Reset(); err != nil {
			b.Fatal(err)
		}
		if _, err := v.CatchUp(b.Context(), sources...); err != nil {
			b.Fatal(err)
		}
		n += m.records
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64((cpuTime()-used).Microseconds())/float64(n), "cpu-µs/record")
}

type largeSize struct {
	records    int
	took, cpu  time.Duration
	file, peak float64
}

func buildLarge(b *testing.B, path string) (*Views, largeSize) {
	db, err := bolt.Open(path, bolt.Options{Churn: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	v := open(b, db)
	m := makeLarge(largeRecords())
	size := largeSize{}
	m.batches(b, largeBatch(), func(parts []Part) {
		start, used := time.Now(), cpuTime()
		batch, err := v.Prepare(b.Context(), parts)
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Take(batch); err != nil {
			b.Fatal(err)
		}
		size.took += time.Since(start)
		size.cpu += cpuTime() - used
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		size.peak = max(size.peak, float64(ms.HeapInuse)/1e6)
		for _, p := range parts {
			size.records += len(p.Items)
		}
	})
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	size.file = float64(st.Size())
	return v, size
}

// cpuTime is what the process has used: on a busy machine it says more than a clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPartition exports all contracts.
func BenchmarkPartition(b *testing.B) {
	v, _ := buildLarge(b, filepath.Join(b.TempDir(), "views.db"))
	n := 0
	for b.Loop() {
		for _, err := range v.PartitionContracts(b.Context(), "", "") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "contracts/s")
}

// BenchmarkContract makes what the page of one contract shows, and a page of the list.
func BenchmarkContract(b *testing.B) {
	v, _ := buildLarge(b, filepath.Join(b.TempDir(), "views.db"))
	page, err := v.Contracts(Query{Limit: 1000})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("one", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			r := page.Items[i%len(page.Items)]
			if _, err := v.Contract(r.Buyer, r.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, q := range map[string]Query{"all": {}, "supplier": {Supplier: page.Items[7].Suppliers[0]}, "buyer": {Buyer: page.Items[7].Buyer}} {
		q.Limit = 50
		b.Run("list-"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := v.Contracts(q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
