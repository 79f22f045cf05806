package node

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"maillon/catalog/territory"
	"maillon/catalog/territory/outline"
	"maillon/node/finances"
	"maillon/node/firms"
	"maillon/store/search"
)

// openRegisters makes what the operator has imported ready to be asked.
func (n *Node) openRegisters() {
	n.firms, n.finances = firms.Open(SireneDir(n.cfg), n.log, n.now), finances.Open(FinancesDir(n.cfg), n.log, n.now)
	n.middles = &middles{file: filepath.Join(n.path("outlines"), outline.FileName(territory.Commune))}
}

// register is what is known of where suppliers sit, and a number that changes with it.
func (n *Node) register() (search.Register, uint64) {
	at, turn, err := n.middles.read()
	if err != nil {
		n.log.Warn().Err(err).Msg("outlines of communes: distances are not known")
	}
	return search.Register{Firm: n.seatOf, Centre: func(commune string) (x, y float64, ok bool) {
		p, ok := at[commune]
		return p[0], p[1], ok
	}}, n.firms.Revision()<<16 + turn
}

// openIndex makes the index of contracts, empty: [Node.runIndex] fills it.
func (n *Node) openIndex() {
	n.follower = &search.Follower{
		Index: search.New(), Views: n.views, File: n.path("search.index"), Later: n.Rushing,
		Register: n.register,
		Note: func(what string, contracts int, took time.Duration, err error) {
			line := n.log.Info()
			if err != nil {
				line = n.log.Warn().Err(err)
			}
			line.Int("contracts", contracts).Dur("took", took).Msg(what)
		},
	}
}

// seatOf is what the index asks SIRENE.
func (n *Node) seatOf(siret string) (commune, size string) {
	firm, _ := n.firms.Firm(siret)
	return firm.Commune, firm.Category
}

// middles are those of the communes whose outlines were imported.
type middles struct {
	file string

	mu   sync.Mutex
	mod  time.Time
	at   map[string]outline.Point
	turn uint64 // changes with the file
}

// read reads the file if it has changed. One that cannot be read is tried again when
// it changes.
func (m *middles) read() (map[string]outline.Point, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	info, err := os.Stat(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		if m.at != nil {
			m.at, m.mod = nil, time.Time{}
			m.turn++
		}
		return nil, m.turn, nil
	}
	if err != nil || info.ModTime().Equal(m.mod) {
		return m.at, m.turn, err
	}
	m.at, m.mod = map[string]outline.Point{}, info.ModTime()
	m.turn++
	f, err := os.Open(m.file)
	if err != nil {
		return m.at, m.turn, err
	}
	defer f.Close()
	set, err := outline.Open(f)
	for _, s := range set.Shapes {
		if p, ok := outline.Centre(s); ok {
			m.at[s.Code] = p
		}
	}
	return m.at, m.turn, err
}

// runIndex keeps the index at what the views show.
func (n *Node) runIndex(ctx context.Context) error { return n.follower.Run(ctx) }
