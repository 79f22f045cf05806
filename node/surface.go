package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"maillon/node/deposit"
	"maillon/node/shelf"
	"maillon/store/journal"
)

// MaySign returns nil when the node takes deposits, or why it does not.
func (n *Node) MaySign() error { return n.head.ready() }

// JournalSize is the published size of the node's own journal.
func (n *Node) JournalSize() uint64 { return n.own.Size() }

// Mirrored is the size of this node's mirror of another's journal.
func (n *Node) Mirrored(node string) uint64 {
	l, ok := n.mirrors.get(node)
	if !ok {
		return 0
	}
	return l.Size()
}

// Holds counts the records of a deposit, made here or below, that this
// node's views hold.
func (n *Node) Holds(depositID string) (int, error) {
	d, err := n.views.Deposit(depositID)
	if err != nil {
		return 0, err
	}
	return len(d), nil
}

// A Summary counts what a node's views hold.
type Summary struct {
	Contracts, Records, Conforming, ToCorrect int
	Conflicts                                 int // contracts whose sources differ
}

// PostDeposit deposits a file on this node over its public listener, with
// its own token, as a buyer's software would.
func (n *Node) PostDeposit(ctx context.Context, client *http.Client, name string, body io.Reader) (*deposit.Report, error) {
	tokens, err := loadTokens(n.cfg.Deposits.TokenFile)
	if err != nil {
		return nil, err
	}
	u := "http://" + n.addr.public.String() + basePath(n.cfg.Public()) + "/api/v1/deposits?name=" + url.QueryEscape(name)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+tokens[0])
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 && res.StatusCode != http.StatusUnprocessableEntity {
		msg, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return nil, fmt.Errorf("%s: %s", res.Status, msg)
	}
	var rep deposit.Report
	if err := json.NewDecoder(res.Body).Decode(&rep); err != nil {
		return nil, fmt.Errorf("the node's answer: %w", err)
	}
	return &rep, nil
}

// A Verified is what [Verify] found of one journal.
type Verified struct {
	Node  string `json:"node"`
	Epoch int    `json:"epoch"`
	Size  uint64 `json:"size"`
	Error string `json:"error,omitempty"`
}

// Verify reads every journal of a stopped node's store again and checks each
// hash and signature.
func Verify(ctx context.Context, cfg Config) ([]Verified, error) {
	n := &Node{cfg: cfg, mirrors: newMirrors()}
	defer n.close()
	if err := n.openJournals(); err != nil {
		return nil, err
	}
	check := func(node string, epoch int, l *journal.Log) Verified {
		v := Verified{Node: node, Epoch: epoch, Size: l.Size()}
		if _, err := journal.Verify(ctx, l); err != nil {
			v.Error = err.Error()
		}
		return v
	}
	out := []Verified{check(cfg.ID.String(), 0, n.own)}
	for _, j := range n.mirrors.all() {
		out = append(out, check(j.Node, j.Epoch, n.mirrors.logs[j]))
	}
	return out, nil
}

// newShelf describes the node to its shelf of datasets.
func (n *Node) newShelf() *shelf.Shelf {
	return &shelf.Shelf{
		Editions: n.editions,
		Dir:      n.path("files"), DB: n.vdb, Views: n.views, Node: n.cfg.ID.String(), Hub: n.cfg.Federation.Hub != nil, URL: n.cfg.URL, Links: n.cfg.Public(),
		Who: shelf.Publisher{
			NodeID: n.cfg.ID.String(), SIRET: n.cfg.ID.SIRET().String(), Name: n.cfg.Name, Level: string(n.cfg.Level),
			Contact: n.cfg.Contact, Territory: n.cfg.Territory, Box: n.cfg.Box,
		},
	}
}

// Summary counts what the views hold now.
func (n *Node) Summary() (Summary, error) {
	t, err := n.views.Totals()
	if err != nil {
		return Summary{}, err
	}
	return Summary{Contracts: t.Contracts, Records: t.Records, Conforming: t.Conforming, ToCorrect: t.ToCorrect, Conflicts: t.Conflicts}, nil
}
