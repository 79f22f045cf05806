package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"maillon/catalog/texts"
	"maillon/node/api"
	"maillon/node/firms"
	"maillon/node/plain"
	"maillon/node/web"
)

// ErrHubSite: a hub cannot do its work from web space.
var ErrHubSite = errors.New("a hub receives announcements, mirrors journals and answers for its members: that needs a running server, and cannot be exported as files")

// errSiteStarting: the node has not caught up with its journal yet.
var errSiteStarting = errors.New("the node has just started and is still reading its journal: try again in a moment")

// SendSite writes the node's public face as a stream of files (package plain), with the
// addresses below base; "" is the node's own public address.
func (n *Node) SendSite(ctx context.Context, base string, w io.Writer) error {
	out := plain.NewSender(w)
	left, err := n.sendSite(ctx, base, out)
	if err := out.Close(left, err); err != nil {
		return err // whoever reads has gone, and is not told more
	}
	return err
}

func (n *Node) sendSite(ctx context.Context, base string, out *plain.Sender) (left int, err error) {
	if n.cfg.Federation.Hub != nil {
		return 0, ErrHubSite
	}
	if !n.head.started() {
		return 0, errSiteStarting
	}
	if err := n.bringUp(ctx); err != nil {
		return 0, err
	}
	x, err := n.staticSite(base)
	if err != nil {
		return 0, err
	}
	for f, err := range x.Files(ctx) {
		if err != nil {
			return left, err
		}
		found, err := x.Write(ctx, f, out.Create)
		if err != nil {
			return left, err
		}
		if !found {
			left++
			n.log.Warn().Str("address", f.URI).Msg("left out of the exported site")
		}
	}
	return left, nil
}

// staticSite is the node's face as files, as its data are now.
func (n *Node) staticSite(base string) (*api.StaticSite, error) {
	self := n.selfStatus()
	if base != "" {
		u, err := checkURL(base, "")
		if err != nil {
			return nil, fmt.Errorf("base: %w", err)
		}
		self.URL = u
	}
	self.Catalog, self.Base = self.URL+"/catalog", ""
	known, shelf := firms.Open(SireneDir(n.cfg), n.log, n.now), n.shelf.At(self.URL)
	x := &api.StaticSite{}
	for _, lang := range []texts.Lang{texts.French, texts.English} {
		site := n.site()
		site.Static, site.Downloads = true, false
		site.Files = basePath(self.URL)
		site.Base = site.Files
		if lang != texts.French {
			site.Base += "/" + string(lang)
		}
		pages, err := web.New(site)
		if err != nil {
			return nil, fmt.Errorf("load pages: %w", err)
		}
		x.Faces = append(x.Faces, api.StaticFace{Lang: lang, Server: &api.Server{
			Static: true, Self: self, Catalog: shelf, Log: n.log, Views: n.views, Index: n.follower.Index, Desk: n.desk, Shelf: shelf, Own: n.own,
			Fed: siteFed{fedView{n}, self}, Pages: pages, MostAnswers: 1, Ready: func() error { return nil }, Now: n.now, Sources: n.gather.Sources, Firms: known,
		}})
	}
	return x, nil
}

// siteFed is what the files say of other nodes: nothing of the moment, which would make
// each export differ from the one before.
type siteFed struct {
	fedView
	self api.NodeStatus
}

func (f siteFed) Nodes() ([]api.NodeStatus, error) {
	all, err := f.fedView.Nodes()
	if err != nil {
		return nil, err
	}
	size := all[0].Announced
	all[0] = f.self
	all[0].Announced, all[0].Mirrored = size, size
	for i := range all {
		all[i].Seen, all[i].Error = time.Time{}, ""
	}
	return all, nil
}

func (f siteFed) Node(id string) (api.NodeStatus, bool, error) {
	if id != f.self.ID {
		return f.fedView.Node(id)
	}
	s, _, err := f.fedView.Node(id)
	size := s.Announced
	s = f.self
	s.Announced, s.Mirrored = size, size
	return s, true, err
}

func (f siteFed) Climb(*http.Request, string) []api.Step { return nil }

// SiteStopped is [Node.SendSite] for a node that does not run. Its views are brought up to
// its journal first.
func SiteStopped(ctx context.Context, cfg Config, base string, w io.Writer) error {
	if _, err := os.Stat((&Node{cfg: cfg}).path("maillon.db")); err != nil {
		return err
	}
	n, err := open(cfg, zerolog.Nop())
	if err != nil {
		return err
	}
	_, err = n.catchUp(ctx)
	if err == nil {
		n.head.viewsReady()
		err = n.follower.Once(ctx)
	}
	if err == nil {
		err = n.SendSite(ctx, base, w)
	}
	return errors.Join(err, n.close())
}

// bringUp sees to it that what was deposited a moment ago is in the site: its files are
// made, and the index knows it.
func (n *Node) bringUp(ctx context.Context) error {
	if _, err := n.catchUp(ctx); err != nil {
		return err
	}
	if _, err := n.shelf.Refresh(ctx); err != nil {
		return err
	}
	for n.follower.Behind() > 0 || !n.follower.Index.Ready() {
		if !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// siteRoutes let the command line export the site of a running node.
func (n *Node) siteRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/site", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "multipart/mixed")
		if err := n.SendSite(req.Context(), req.URL.Query().Get("base"), w); err != nil && req.Context().Err() == nil {
			n.log.Error().Err(err).Msg("export of the site")
		}
	}).Methods("GET")
}
