package node

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/entry"
	"maillon/node/api"
	"maillon/node/auditor"
	"maillon/node/deposit"
	"maillon/node/front"
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
	if err := n.readTokens(); err != nil {
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
		Fed: fedView{n}, Trust: n.trustHandler(), Publisher: publisher{n}, Pages: pages, Hosting: n.hostingOrNil(), Allows: n.mayDeposit, MaxBytes: n.cfg.Deposits.MaxBytes,
		ValidateBytes: n.cfg.Validate.MaxBytes,
		Ready:         n.ready, Now: n.now, Sources: n.gather.Sources, Audits: audits, OutlineDir: n.path("outlines"),
		Firms: n.firms, Targets: n.cfg.Targets, Finances: n.finances,
	}
	if n.hasToolbox() {
		s.Toolbox = toolbox.Open(n.cfg.Toolbox.Dir, toolbox.Options{URL: n.cfg.Public(), Lang: n.cfg.Lang}, n.log, n.now)
		s.Toolbox.State() // what is wrong in it is logged now, not at the first visit
	}
	n.outlet = n.newOutlet(s.RegisterCSV)
	if err := n.openPost(s); err != nil {
		return err
	}
	public, err := n.listen(n.cfg.Listen, "http.listen")
	if err != nil {
		return err
	}
	admin, err := n.listen(n.cfg.Admin, "http.admin")
	if err != nil {
		return err
	}
	n.face = s
	s.Reports, s.MayReport = n.reports, func(r *http.Request) bool { return n.reportLimits.allow(r, n.now()) }
	desk, err := n.adminHandler(adminTokens)
	if err != nil {
		return err
	}
	n.addr.public, n.addr.admin = public.Addr(), admin.Addr()
	return n.planFaces(public, s.Handler(), admin, desk)
}

// connectionsEach is how many connections one client may have open.
const connectionsEach = 200

// planFaces puts the guards before both handlers and adds the tasks that serve them.
func (n *Node) planFaces(public net.Listener, site http.Handler, admin net.Listener, desk http.Handler) error {
	c := n.cfg.Front
	o := front.Options{Proxies: c.Proxies, Rate: c.Rate, Burst: c.Burst, Log: n.log, Secure: strings.HasPrefix(n.cfg.Public(), "https:") && !n.served()}
	n.front = front.New(o)
	closed := front.New(front.Options{Proxies: c.Proxies, Log: n.log})
	if c.Connections > 0 {
		public = front.Limit(public, c.Connections, connectionsEach, c.Proxies)
	}
	public, issuer, err := n.encrypt(public)
	if err != nil {
		return err
	}
	n.tasks = append(n.tasks,
		task{"http " + n.cfg.Listen, func(ctx context.Context) error { return serve(ctx, public, n.front.Guard(site), n.log) }},
		task{"admin " + n.cfg.Admin, func(ctx context.Context) error { return serve(ctx, admin, closed.Guard(desk), n.log) }},
	)
	if at := c.TLS.Redirect; at != "" {
		plain, err := n.listen(at, "http.tls.redirect")
		if err != nil {
			return err
		}
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, n.cfg.URL+strings.TrimPrefix(r.URL.RequestURI(), basePath(n.cfg.URL)), http.StatusMovedPermanently)
		}))
		if issuer != nil {
			h = issuer.HTTPHandler(h)
		}
		n.tasks = append(n.tasks, task{"redirect " + at, func(ctx context.Context) error { return serve(ctx, plain, closed.Guard(h), n.log) }})
	}
	return nil
}

// served reports whether the hub answers in this node's place.
func (n *Node) served() bool {
	j := n.cfg.Federation.Join
	return j != nil && j.AtHub
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
func serve(ctx context.Context, l net.Listener, h http.Handler, log zerolog.Logger) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: stdlog.New(serverLog{log}, "", 0), BaseContext: func(net.Listener) context.Context { return ctx },
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

// serverLog takes what net/http says. Handshakes that fail are the client's business,
// and its address is not logged.
type serverLog struct{ log zerolog.Logger }

func (l serverLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if strings.HasPrefix(text, "http: TLS handshake error from ") {
		return len(line), nil
	}
	if of, ok := strings.CutPrefix(text, "http: panic serving "); ok {
		_, of, _ = strings.Cut(of, ": ")
		text = "a handler failed: " + of
	}
	l.log.Error().Msg(text)
	return len(line), nil
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
		Base: basePath(n.cfg.Public()), Version: Version, Contact: n.cfg.Contact, Toolbox: n.hasToolbox(), Downloads: n.editions != nil,
		Theme: n.cfg.Site.Theme, Legal: n.cfg.Site.Legal, Frames: n.cfg.Site.Frames, Now: n.now,
	}
}

// hasToolbox: a hub has a boîte à outils, another node if its operator gives one.
func (n *Node) hasToolbox() bool {
	return n.cfg.Federation.Hub != nil || n.cfg.Toolbox.Dir != ""
}
