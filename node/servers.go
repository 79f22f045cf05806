package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"maillon/catalog/entry"
	"maillon/node/api"
	"maillon/node/auditor"
	"maillon/node/deposit"
	"maillon/node/firms"
	"maillon/node/toolbox"
	"maillon/node/web"
)

// Limits of the listeners.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	stopTimeout   = 5 * time.Second
)

// addresses are where the listeners really listen, once [New] has returned.
type addresses struct {
	public net.Addr
	admin  net.Addr
}

// planServers binds both listeners, so that a taken port is said at once,
// and adds the tasks that serve them.
func (n *Node) planServers() error {
	tokens, err := loadTokens(n.cfg.Deposits.TokenFile)
	if err != nil {
		return err
	}
	adminTokens, err := loadTokens(n.path("admin.token"))
	if err != nil {
		return err
	}
	pages, err := web.New(n.site())
	if err != nil {
		return fmt.Errorf("load pages: %w", err)
	}
	audits := auditor.New(n.views)
	n.closers = append(n.closers, audits.Close) // before the views
	s := &api.Server{
		Self: n.selfStatus(), Catalog: n.shelf, Log: n.log, Views: n.views, Index: n.follower.Index, Desk: n.desk, Shelf: n.shelf, Own: n.own,
		Fed: fedView{n}, Trust: n.trustHandler(), Publisher: publisher{n}, Pages: pages, Hosting: n.hostingOrNil(), Tokens: tokens, Allows: n.mayDeposit, MaxBytes: n.cfg.Deposits.MaxBytes,
		ValidateBytes: n.cfg.Validate.MaxBytes,
		Ready:         n.ready, Now: n.now, Sources: n.gather.Sources, Audits: audits, OutlineDir: n.path("outlines"),
		Firms: firms.Open(SireneDir(n.cfg), n.log, n.now),
	}
	if n.hasToolbox() {
		s.Toolbox = toolbox.Open(n.cfg.Toolbox.Dir, toolbox.Options{URL: n.cfg.Public(), Lang: n.cfg.Lang}, n.log, n.now)
		s.Toolbox.State() // what is wrong in it is logged now, not at the first visit
	}
	n.outlet = n.newOutlet(s.RegisterCSV)
	public, err := n.listen(n.cfg.Listen, "http.listen")
	if err != nil {
		return err
	}
	admin, err := n.listen(n.cfg.Admin, "http.admin")
	if err != nil {
		return err
	}
	n.face = s
	desk, err := n.adminHandler(adminTokens)
	if err != nil {
		return err
	}
	n.addr.public, n.addr.admin = public.Addr(), admin.Addr()
	n.tasks = append(n.tasks,
		task{"http " + n.cfg.Listen, func(ctx context.Context) error { return serve(ctx, public, s.Handler()) }},
		task{"admin " + n.cfg.Admin, func(ctx context.Context) error { return serve(ctx, admin, desk) }},
	)
	return nil
}

func (n *Node) listen(addr, key string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (another program may use that address: choose another port in the configuration)", key, err)
	}
	n.closers = append(n.closers, func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

// serve answers until ctx ends, then lets requests under way finish.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := s.Shutdown(stop); err != nil {
		_ = s.Close() // what is still open is cut
	}
	<-done
	return nil
}

// ready tells why the catalogue may not be served yet: a harvester takes an
// empty or partial answer for the truth.
func (n *Node) ready() error {
	if !n.head.started() {
		return api.ErrStarting
	}
	if !n.shelf.Ready() {
		return api.ErrStarting
	}
	return nil
}

// publisher lets the API change the own journal.
type publisher struct{ n *Node }

func (p publisher) Deposit(r *http.Request, req deposit.Request) (*deposit.Report, error) {
	return p.n.Deposit(r.Context(), req, r.Body)
}

func (p publisher) Retract(r *http.Request, op entry.Op, target uint64, reason string) (uint64, error) {
	return p.n.Retract(r.Context(), op, target, reason)
}

func (n *Node) site() web.Site {
	return web.Site{
		Name: n.cfg.Name, NodeID: n.cfg.ID.String(), Level: string(n.cfg.Level), Territory: n.cfg.Territory.String(),
		Base: basePath(n.cfg.Public()), Version: Version, Contact: n.cfg.Contact, Toolbox: n.hasToolbox(),
		Theme: n.cfg.Site.Theme, Legal: n.cfg.Site.Legal, Frames: n.cfg.Site.Frames, Now: n.now,
	}
}

// hasToolbox: a hub has a boîte à outils, another node if its operator gives one.
func (n *Node) hasToolbox() bool {
	return n.cfg.Federation.Hub != nil || n.cfg.Toolbox.Dir != ""
}
