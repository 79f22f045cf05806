package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"maillon/bench/query/made"
	"maillon/catalog/pivot"
	"maillon/node"
	"maillon/node/deposit"
)

// measurePages starts a node with some contracts and reads the page of one after
// another, in a random order, over HTTP on loopback, as a reader without a cache does.
func measurePages(ctx context.Context, o options) (err error) {
	port, err := freePort()
	if err != nil {
		return err
	}
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	config := fmt.Sprintf("node: {id: \"25351449100047\", name: Banc, level: organisme, territory: \"fr:region:53\", contact: banc@exemple.fr}\n"+
		"url: %s\ndata: %q\nhttp: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:0\", rate: 0}\n", base, filepath.Join(o.dir, "node"), port)
	cfg, err := node.ReadConfig(strings.NewReader(config), os.LookupEnv)
	if err != nil {
		return err
	}
	n, err := node.New(cfg, zerolog.Nop())
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- n.Run(running) }()
	defer func() { stop(); err = errors.Join(err, <-done) }()
	start := time.Now()
	size, err := fill(ctx, n, base, min(o.pages, o.n), o.seed)
	if err != nil {
		return err
	}
	fmt.Printf("a node with %d contracts: deposited, shown and indexed in %.0f s\n", size, time.Since(start).Seconds())
	return readOverHTTP(ctx, base, o)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// fillFor is how long a node may take to show what was deposited.
const fillFor = 10 * time.Minute

// fill deposits contracts, and waits until all of them are in the index.
func fill(ctx context.Context, n *node.Node, base string, contracts int, seed uint64) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, fillFor)
	defer cancel()
	for n.MaySign() != nil {
		if err := pause(ctx); err != nil {
			return 0, err
		}
	}
	var file bytes.Buffer
	if err := pivot.WriteJSON(&file, pivot.Gen2, func(yield func(pivot.Contract) bool) {
		for _, c := range made.New(seed, contracts).Contracts(contracts) {
			if !yield(c) {
				return
			}
		}
	}); err != nil {
		return 0, err
	}
	rep, err := n.Deposit(ctx, deposit.Request{Name: "banc.json"}, &file)
	if err != nil {
		return 0, err
	}
	for {
		var found struct{ Total int }
		if err := getJSON(ctx, base+"/api/v1/contracts?q=lot&limit=1", &found); err == nil && found.Total == rep.Counts.Appended {
			return found.Total, nil
		}
		if err := pause(ctx); err != nil {
			return 0, fmt.Errorf("%d of %d contracts are in the index: %w", found.Total, rep.Counts.Appended, err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}

func getJSON(ctx context.Context, address string, to any) error {
	raw, err := get(ctx, address)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}

func get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Language", "fr")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", address, res.Status)
	}
	return raw, err
}

// addresses are those of the contracts of a node, from its API.
func addresses(ctx context.Context, base string) (list []string, err error) {
	for after := ""; ; {
		var page struct {
			Items []struct{ Address string }
			Next  string
		}
		if err := getJSON(ctx, base+"/api/v1/contracts?limit=1000&after="+after, &page); err != nil {
			return nil, err
		}
		for _, one := range page.Items {
			list = append(list, one.Address)
		}
		if after = page.Next; after == "" {
			return list, nil
		}
	}
}

// readOverHTTP reads pages of contracts. Client and node are one process: what it uses
// of the processors is that of both.
func readOverHTTP(ctx context.Context, base string, o options) error {
	list, err := addresses(ctx, base)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(o.seed, 5))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	var took, used timings
	bytes := 0
	for end, i := time.Now().Add(o.each), 0; i < len(list) && time.Now().Before(end); i++ {
		start, before := time.Now(), cpu()
		page, err := get(ctx, base+"/marches/"+list[i])
		if err != nil {
			return err
		}
		if i >= warmPages {
			took, used = append(took, time.Since(start)), append(used, cpu()-before)
			bytes += len(page)
		}
	}
	if len(took) == 0 {
		return errors.New("no page was read: -for is too short")
	}
	fmt.Printf("contract pages over HTTP, rendered: p50 %.2f ms, p99 %.2f ms; of processor, client and node together, p50 %.2f ms, p99 %.2f ms (of %d, %d bytes each)\n",
		ms(took.at(0.5)), ms(took.at(0.99)), ms(used.at(0.5)), ms(used.at(0.99)), len(took), bytes/len(took))
	return nil
}

// warmPages are read before those that are measured.
const warmPages = 50
