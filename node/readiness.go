package node

import (
	"maillon/catalog/texts"
	"maillon/node/api"
	"maillon/node/doctor"
	"maillon/store/view"
)

// A standing is what decides whether a node may serve its catalogue, and sign.
type standing struct {
	Views        bool   // they have caught up once since the start
	Ahead, Total uint64 // entries of journals: not yet in the views, all
	Files        bool   // the catalogue's files have been made
	Editions     bool   // so has the first edition of the territory, where there is one
	Head, Clock  error  // why the node may not sign
	Disk         *doctor.Disk
}

// waits lists what a node waits for, the cause before what follows from it. What only
// keeps it from writing does not block: the node serves what it has.
func (s standing) waits() []doctor.Wait {
	out := []doctor.Wait{}
	say := func(code string, blocks bool, args ...any) {
		out = append(out, doctor.Wait{Code: code, Blocks: blocks, Args: args})
	}
	if doctor.DiskFull(s.Disk) {
		say("disk", false)
	}
	switch {
	case s.Clock != nil:
		say("clock", false, s.Clock.Error())
	case s.Head != nil:
		say("journal", false, s.Head.Error())
	}
	switch {
	case !s.Views:
		done := s.Total - min(s.Ahead, s.Total)
		percent := uint64(100)
		if s.Total > 0 {
			percent = done * 100 / s.Total
		}
		say("views", true, percent, done, s.Total)
	case !s.Files:
		say("files", true)
	case !s.Editions:
		say("editions", true)
	}
	return out
}

// standing looks at the node. It asks nobody and takes no lock that work holds.
func (n *Node) standing() standing {
	s := standing{Views: n.head.started(), Files: n.shelf.Made(), Head: n.head.ready(), Disk: diskOf(n.cfg.Data)}
	s.Editions = !s.Files || n.shelf.Ready()
	if n.above != nil {
		s.Clock = n.above.clockDoubt()
	}
	if !s.Views {
		sources := n.sources()
		for _, l := range sources {
			s.Total += l.Log.Size()
		}
		s.Ahead, _ = n.views.Ahead(sources...) // nothing known: it then counts as done
	}
	return s
}

// sources are the journals that the views are made of, the own one first.
func (n *Node) sources() []view.Source {
	sources := []view.Source{{Journal: view.Journal{Node: n.cfg.ID.String()}, Log: n.own}}
	for _, j := range n.mirrors.all() {
		n.mirrors.mu.RLock()
		sources = append(sources, view.Source{Journal: j, Log: n.mirrors.logs[j]})
		n.mirrors.mu.RUnlock()
	}
	return sources
}

// ready tells why the catalogue may not be served yet: a harvester takes an
// empty or partial answer for the truth.
func (n *Node) ready() error {
	if n.head.started() && n.shelf.Ready() {
		return nil
	}
	waits := n.standing().waits()
	if len(waits) == 0 {
		return api.ErrStarting // it became ready meanwhile: the next one who asks is told so
	}
	why := make(api.NotReady, len(waits))
	for i, w := range waits {
		f := w.Finding()
		why[i] = api.Reason{Code: w.Code, Detail: f.Text(texts.English), Mend: f.Mend}
	}
	return why
}
