package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/territory"
	"maillon/node/outlet"
	"maillon/store"
)

// answerWait bounds how long a platform may take for one request, a part of a large
// file included.
const answerWait = 10 * time.Minute

// newOutlet publishes from this node's shelf.
func (n *Node) newOutlet(register func() ([]byte, error)) *outlet.Outlet {
	return &outlet.Outlet{
		Config: n.cfg.Outlet, DB: n.main, Sets: outlet.FromShelf{Shelf: n.shelf, Node: n.cfg.ID.String(), Register: register},
		HTTP:      &http.Client{Timeout: answerWait, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		UserAgent: "maillon/" + Version + " (+" + n.cfg.URL + ")", Log: n.log, Now: n.now,
	}
}

// outletRoutes are the operator's actions on what stands on a platform.
func (n *Node) outletRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/publish-udata", func(w http.ResponseWriter, _ *http.Request) {
		all, err := n.outlet.Statuses()
		if err != nil {
			adminError(w, http.StatusInternalServerError, err)
			return
		}
		adminAnswer(w, map[string]any{"items": all})
	}).Methods("GET")
	r.HandleFunc("/admin/v1/publish-udata", func(w http.ResponseWriter, req *http.Request) {
		var ask struct {
			What []string `json:"what"`
			Dry  bool     `json:"dry"`
		}
		if err := json.NewDecoder(req.Body).Decode(&ask); err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		done, err := n.outlet.Publish(req.Context(), ask.What, ask.Dry)
		switch {
		case errors.Is(err, store.ErrNotFound):
			adminError(w, http.StatusNotFound, err)
		case err != nil:
			adminError(w, http.StatusBadRequest, err)
		default:
			if done == nil {
				done = []outlet.Done{}
			}
			adminAnswer(w, map[string]any{"items": done})
		}
	}).Methods("POST")
}

// rawOutlet is publish.udata in the file.
type rawOutlet struct {
	URL     string      `yaml:"url"`
	KeyFile string      `yaml:"key_file"`
	Every   string      `yaml:"every"`
	Sets    []rawTarget `yaml:"sets"`
}

type rawTarget struct {
	What         string `yaml:"what"`
	Dataset      string `yaml:"dataset"`
	Organization string `yaml:"organization"`
}

func (r rawOutlet) check(data string) (outlet.Config, error) {
	c := outlet.Config{URL: strings.TrimRight(r.URL, "/"), KeyFile: r.KeyFile, Every: 24 * time.Hour}
	if len(r.Sets) == 0 {
		return c, nil
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return c, fmt.Errorf("publish.udata.url: %q is not the address of a platform's API (write https://www.data.gouv.fr/api/1)", r.URL)
	}
	if c.KeyFile == "" {
		c.KeyFile = "udata.key"
	}
	if !filepath.IsAbs(c.KeyFile) {
		c.KeyFile = filepath.Join(data, c.KeyFile)
	}
	if r.Every != "" {
		if c.Every, err = parseDuration("publish.udata.every", r.Every, time.Second, 31*24*time.Hour); err != nil {
			return c, err
		}
	}
	seen := map[string]bool{}
	for i, t := range r.Sets {
		siret, isBuyer := strings.CutPrefix(t.What, "buyer:")
		switch _, err := territory.ParseSIRET(siret); {
		case isBuyer && err != nil:
			return c, fmt.Errorf("publish.udata.sets[%d].what: %w", i, err)
		case !isBuyer && !slices.Contains([]string{"all", "years", "register"}, t.What) && !strings.HasPrefix(t.What, "departement:"):
			return c, fmt.Errorf("publish.udata.sets[%d].what: %q: %w", i, t.What, outlet.ErrWhat)
		case seen[t.What]:
			return c, fmt.Errorf("publish.udata.sets[%d].what: %q stands there twice", i, t.What)
		case strings.ContainsAny(t.Dataset, "/ ?#"):
			return c, fmt.Errorf("publish.udata.sets[%d].dataset: %q is not an id (it is the last part of the dataset's address on the platform)", i, t.Dataset)
		}
		seen[t.What] = true
		c.Sets = append(c.Sets, outlet.Target(t))
	}
	return c, nil
}
