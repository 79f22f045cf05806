package node

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/store/bolt"
	"maillon/store/view"
)

// SireneDir is the folder of the tables of SIRENE in a node's data.
func SireneDir(cfg Config) string { return filepath.Join(cfg.Data, "sirene") }

// FinancesDir is the folder of the tables of budgets and grants in a node's data.
func FinancesDir(cfg Config) string { return filepath.Join(cfg.Data, "scdl") }

// sireneRoutes tell an import which numbers are worth keeping.
func (n *Node) sireneRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/sirene/met", func(w http.ResponseWriter, req *http.Request) {
		met, err := metIn(req.Context(), n.views)
		if err != nil {
			adminError(w, http.StatusInternalServerError, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(strings.Join(met, "\n"))) // the command is gone if this fails
	}).Methods("GET")
}

// metIn lists the numbers that contracts name, sorted.
func metIn(ctx context.Context, v *view.Views) ([]string, error) {
	p, err := v.Parties(ctx)
	if err != nil {
		return nil, err
	}
	maps.Copy(p.Suppliers, p.Buyers)
	return slices.Sorted(maps.Keys(p.Suppliers)), nil
}

// MetStopped lists the numbers of fourteen digits that the contracts of a stopped node
// name.
func MetStopped(ctx context.Context, cfg Config) ([]string, error) {
	db, err := bolt.Open(filepath.Join(cfg.Data, "views.db"), bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	defer db.Close()
	v, err := view.OpenReadOnly(db)
	if err != nil {
		return nil, err
	}
	return metIn(ctx, v)
}
