package node

import (
	"fmt"
	"reflect"
	"strings"

	"maillon/store"
	"maillon/store/bolt"
)

// Reload takes in what of a configuration can change while the node runs: the foreign
// catalogues and the tokens of deposits. Texts of the toolbox, certificates, the
// password and the tokens of maillon token are read again when their files change, and
// the log's level is the caller's. It names the sections that want a restart.
func (n *Node) Reload(cfg Config) (restart []string, err error) {
	if err := n.gather.Configure(cfg.Sources); err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	if err := n.readTokens(); err != nil {
		return nil, err
	}
	cfg.Now = nil
	old := n.cfg
	old.Now, old.Sources, old.Log = nil, cfg.Sources, cfg.Log
	a, b := reflect.ValueOf(old), reflect.ValueOf(cfg)
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			restart = append(restart, strings.ToLower(a.Type().Field(i).Name))
		}
	}
	return restart, nil
}

// Alive reports whether the node's stores answer: what a watchdog asks.
func (n *Node) Alive() error {
	for _, db := range []store.DB{n.main, n.vdb} {
		if err := db.View(func(store.Tx) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// StoreLayout is the version of the stores that this program writes.
func StoreLayout() int { return bolt.Layout() }
