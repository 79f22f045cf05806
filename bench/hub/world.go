package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/bench/gen/made"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/federation"
	"maillon/store/bolt"
	"maillon/store/journal"
)

// A world is everything below the nation: hubs with the journals of their members.
type world struct {
	hubs             []*hub
	file             string // all records, a line each
	records          int
	contracts        int // by buyer and id
	buyers, members  int
	bytes            int64
	servers          []func()
	first            pivot.Contract // one that is changed at the end
	firstHub         *hub
	firstMember      *member
	recordsPerMember int
}

// A signed is a journal with the key that signs it.
type signed struct {
	id, key string
	signer  note.Signer
	log     *journal.Log
}

type member struct {
	signed
	buyers []string
}

type hub struct {
	signed // its own journal: whom it admitted, and which heads it verified
	db     *bolt.DB
	zone   string
	url    string
	mine   []*member
	seq    uint64
}

// zones are those of the hubs: the régions, and two départements.
var zones = []string{
	"fr:region:01", "fr:region:02", "fr:region:03", "fr:region:04", "fr:region:06", "fr:region:11", "fr:region:24", "fr:region:27", "fr:region:28", "fr:region:32",
	"fr:region:44", "fr:region:52", "fr:region:53", "fr:region:75", "fr:region:76", "fr:region:84", "fr:region:93", "fr:region:94", "fr:departement:35", "fr:departement:33",
}

// makeWorld fills the journals: one record in fifty is a later version of a contract
// that the member told before.
func makeWorld(dir string, scale float64, seed uint64) (w *world, err error) {
	scaled := func(n int) int { return max(allHubs, int(math.Round(float64(n)*scale))) }
	w = &world{members: scaled(allMembers), file: filepath.Join(dir, "all.ndjson")}
	perBuyers := max(1, allBuyers/allMembers)
	w.buyers = w.members * perBuyers
	w.recordsPerMember = max(perBuyers, int(float64(allRecords)*scale)/w.members)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	sirets := made.SIRETs(seed, allHubs+w.members+w.buyers)
	for i, id := range sirets[:allHubs] {
		h := &hub{zone: zones[i]}
		if h.db, err = bolt.Open(filepath.Join(dir, fmt.Sprintf("hub-%02d.db", i)), bolt.Options{InitialMmap: 1 << 30}); err != nil {
			return nil, err
		}
		if h.signed, err = newSigned(h.db, id); err != nil {
			return nil, err
		}
		w.hubs = append(w.hubs, h)
	}
	f, err := os.Create(w.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	fill := filling{w: w, out: out, at: time.Now().UTC().Truncate(time.Second).Add(-24 * time.Hour), names: sirets[allHubs:]}
	if err := fill.all(seed, perBuyers); err != nil {
		return nil, err
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		return nil, err
	}
	for _, h := range w.hubs {
		if err := w.serve(h); err != nil {
			return nil, err
		}
		if err := h.tell(h.mine...); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *world) close() {
	for _, stop := range w.servers {
		stop()
	}
	for _, h := range w.hubs {
		_ = h.db.Close()
	}
}

func newSigned(db *bolt.DB, id string) (s signed, err error) {
	secret, _, err := federation.GenerateKey(id, 0)
	if err != nil {
		return s, err
	}
	s.id = id
	if s.signer, s.key, err = federation.NewSigner(secret, id, 0); err != nil {
		return s, err
	}
	verifier, err := federation.NewVerifier(s.key, id, 0)
	if err != nil {
		return s, err
	}
	s.log, err = journal.Open(db, id, 0, verifier)
	return s, err
}

// append commits entries.
func (s *signed) append(entries []entry.Entry) error {
	w, err := s.log.Writer(noContext)
	if err != nil {
		return err
	}
	return w.Commit(s.signer, entries, nil)
}

// A filling writes the records of all members.
type filling struct {
	w     *world
	out   *bufio.Writer
	at    time.Time
	names []string // of members, then of buyers
	line  bytes.Buffer
	told  []pivot.Contract // by the member being filled
	batch []entry.Entry
	m     *member
}

func (f *filling) all(seed uint64, perBuyers int) error {
	n, w := 0, f.w
	for c := range made.Contracts(seed, int64(w.members*w.recordsPerMember)) {
		k := n % w.recordsPerMember
		if k == 0 {
			if err := f.next(n/w.recordsPerMember, perBuyers); err != nil {
				return err
			}
		}
		c.Buyer.ID = f.m.buyers[k%perBuyers]
		if k%50 == 49 && k >= perBuyers && len(f.told[k-perBuyers].Modifications) == 0 {
			c = later(f.told[k-perBuyers])
		} else {
			w.contracts++
		}
		f.told = append(f.told, c)
		e, err := f.put(c)
		if err != nil {
			return err
		}
		f.batch = append(f.batch, e)
		n++
	}
	w.records = n
	return f.commit()
}

// later is a contract as told again, later and otherwise.
func later(c pivot.Contract) pivot.Contract {
	c.Published = "2025-12-15" // those of the made ones end before
	amount := math.Round(*c.Amount*110) / 100
	c.Amount = &amount
	return c
}

// next begins the journal of member i.
func (f *filling) next(i, perBuyers int) (err error) {
	if err := f.commit(); err != nil {
		return err
	}
	h := f.w.hubs[i%len(f.w.hubs)]
	f.m = &member{buyers: f.names[f.w.members+i*perBuyers:][:perBuyers]}
	if f.m.signed, err = newSigned(h.db, f.names[i]); err != nil {
		return err
	}
	h.mine = append(h.mine, f.m)
	return nil
}

func (f *filling) commit() error {
	if f.m == nil {
		return nil
	}
	if f.w.firstMember == nil {
		i := slices.IndexFunc(f.told, func(c pivot.Contract) bool { return len(c.Modifications) == 0 })
		f.w.first, f.w.firstMember, f.w.firstHub = f.told[max(0, i)], f.m, f.w.hubs[0]
	}
	err := f.m.append(f.batch)
	f.batch, f.told = f.batch[:0], f.told[:0]
	return err
}

// put makes the entry of a contract, and adds its line to the file.
func (f *filling) put(c pivot.Contract) (entry.Entry, error) {
	e, raw, err := putOf(&f.line, c, f.at)
	if err == nil {
		_, err = f.out.Write(raw)
		f.w.bytes += int64(len(raw))
	}
	return e, err
}

func putOf(b *bytes.Buffer, c pivot.Contract, at time.Time) (entry.Entry, []byte, error) {
	var line bytes.Buffer
	if err := made.Line(&line, b, c); err != nil {
		return entry.Entry{}, nil, err
	}
	raw := line.Bytes()
	rec := pivot.Record{Kind: c.Kind, Form: pivot.Nested, Raw: bytes.TrimSpace(raw), Buyer: c.Buyer.ID, ID: c.ID}
	e, err := entry.NewPut(rand.Reader, rec, entry.Source{Deposit: "20260101-000000-00000001", Series: "fichiers/decp.json", Pointer: "/marches/marche/" + c.ID, Form: pivot.Nested}, at)
	return e, raw, err
}

// tell states members and their heads in the hub's own journal.
func (h *hub) tell(members ...*member) error {
	var all []entry.Entry
	for _, m := range members {
		said, err := json.Marshal(entry.Member{Node: m.id, Key: m.key, State: "accepted", Level: "organisme", Geozone: h.zone, Name: "Membre " + m.id, URL: h.url + "/n/" + m.id, Publishes: m.buyers})
		if err != nil {
			return err
		}
		head, err := json.Marshal(entry.Head{Node: m.id, Checkpoint: string(m.log.Checkpoint())})
		if err != nil {
			return err
		}
		for _, s := range []struct {
			kind string
			body []byte
		}{{entry.KindMember, said}, {entry.KindHead, head}} {
			e, err := entry.NewStatement(rand.Reader, s.kind, m.id, s.body, time.Now().UTC().Truncate(time.Second))
			if err != nil {
				return err
			}
			all = append(all, e)
		}
	}
	return h.append(all)
}
