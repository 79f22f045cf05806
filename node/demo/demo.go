// Package demo starts a whole federation on this machine's loopback: the
// nation, région Bretagne as chef de file, a département, an EPCI, two
// communes and an organisme, publishes pivot files on them and shows the
// files climbing to the nation. The nodes are real ones, in one process; they
// find each other by gossip and speak HTTP.
package demo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"maillon/catalog/texts"
	"maillon/node"
	"maillon/node/deposit"
)

//go:embed samples
var samples embed.FS

// Options are the choices of one demonstration.
type Options struct {
	Port    int      // of the nation; the others follow
	Data    string   // folder to keep; "" is a temporary one
	Pivots  []string // files or folders to deposit on the organisme instead of the samples
	Once    bool     // end when the nation holds everything
	Timeout time.Duration
	Out     io.Writer
	Live    bool // Out is a terminal: redraw instead of adding lines
	Lang    texts.Lang
	Log     zerolog.Logger

	// arrived, if set, is called with the nation's address once the nation
	// holds everything.
	arrived func(nation string) error
}

// ErrMissing: the nation did not get everything in time; what is missing was printed.
var ErrMissing = errors.New("the nation does not hold everything that was deposited")

// A member of the demonstration.
type member struct {
	role string // folder of its samples
	cfg  node.Config
	node *node.Node
}

// Run starts the federation and publishes. With Once it ends when the nation
// holds all that was deposited, or with [ErrMissing]; otherwise when ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	if o.Data == "" {
		if o.Data, err = os.MkdirTemp("", "maillon-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Data)) }()
	}
	members, err := federation(o)
	if err != nil {
		return err
	}
	defer func() {
		for _, m := range members {
			if m.node != nil {
				err = errors.Join(err, m.node.Close())
			}
		}
	}()
	for _, m := range members {
		if m.node, err = node.New(m.cfg, o.Log.With().Str("as", m.role).Logger()); err != nil {
			return fmt.Errorf("%s: %w", m.cfg.Name, err)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	for _, m := range members {
		g.Go(func() error { return m.node.Run(ctx) })
	}
	g.Go(func() error {
		defer func() {
			if o.Once {
				stop()
			}
		}()
		err := show(ctx, o, members)
		if ctx.Err() != nil {
			return nil // whatever it was doing was broken off
		}
		return err
	})
	return g.Wait()
}

// show publishes the files and follows them upward.
func show(ctx context.Context, o Options, members []*member) error {
	s := &screen{o: o, members: members, start: time.Now()}
	s.welcome()
	if err := waitReady(ctx, members, o.Timeout); err != nil {
		return err
	}
	s.start = time.Now()
	if err := publish(ctx, o, members, s); err != nil {
		return err
	}
	return s.climb(ctx)
}

// waitReady waits until every node may take deposits.
func waitReady(ctx context.Context, members []*member, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, m := range members {
		for m.node.MaySign() != nil {
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s: %w", m.cfg.Name, m.node.MaySign())
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

// publish deposits the samples on their nodes, or the given files on the organisme.
func publish(ctx context.Context, o Options, members []*member, s *screen) error {
	if len(o.Pivots) > 0 {
		organisme := members[len(members)-1]
		return given(o.Pivots, func(name string, open func() (io.ReadCloser, error)) error {
			return s.deposit(ctx, organisme, name, open)
		})
	}
	for _, m := range members {
		dir := "samples/" + m.role
		files, err := fs.ReadDir(samples, dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, f := range files {
			open := func() (io.ReadCloser, error) { return samples.Open(dir + "/" + f.Name()) }
			if err := s.deposit(ctx, m, f.Name(), open); err != nil {
				return err
			}
		}
	}
	return nil
}

// given visits the files of the arguments, folders in the order of names.
func given(paths []string, visit func(name string, open func() (io.ReadCloser, error)) error) error {
	for _, p := range paths {
		err := filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".json", ".xml", ".gz":
			default:
				if path != p {
					return nil
				}
			}
			return visit(path, func() (io.ReadCloser, error) { return os.Open(path) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// post deposits a file on a node over HTTP, as a buyer's software would.
func post(ctx context.Context, m *member, name string, body io.Reader) (*deposit.Report, error) {
	return m.node.PostDeposit(ctx, http.DefaultClient, name, body)
}

// federation makes the configurations of the seven nodes. HTTP ports come
// first, the nation's first of all; gossip ports follow.
func federation(o Options) ([]*member, error) {
	specs := []struct {
		role, id, name, level, territory, contact string
		hub                                       bool
		above                                     int // index of the hub above; -1 at the top
	}{
		{"nation", "13002526500013", "Plateforme nationale (démonstration)", "national", "fr", "nation@exemple.fr", true, -1},
		{"region", "23350001600040", "Région Bretagne (démonstration)", "region", "fr:region:53", "region@exemple.fr", true, 0},
		{"departement", "22350001800013", "Département d’Ille-et-Vilaine (démonstration)", "departement", "fr:departement:35", "departement@exemple.fr", false, 1},
		{"epci", "24350013900189", "Rennes Métropole (démonstration)", "epci", "fr:epci:243500139", "epci@exemple.fr", false, 1},
		{"commune-1", "21350238800019", "Ville de Rennes (démonstration)", "commune", "fr:commune:35238", "rennes@exemple.fr", false, 1},
		{"commune-2", "21350001000011", "Acigné (démonstration)", "commune", "fr:commune:35001", "commune@exemple.fr", false, 1},
		{"organisme", "25351449100047", "Mégalis Bretagne (démonstration)", "organisme", "fr:region:53", "organisme@exemple.fr", false, 1},
	}
	gossip := o.Port + len(specs)
	hubPort := map[int]int{}
	var members []*member
	for i, s := range specs {
		var y strings.Builder
		port := o.Port + i
		fmt.Fprintf(&y, "node: {id: %q, name: %q, level: %s, territory: %q, contact: %s}\n", s.id, s.name, s.level, s.territory, s.contact)
		fmt.Fprintf(&y, "url: http://localhost:%d\ndata: %q\nlang: %s\n", port, filepath.Join(o.Data, s.role), o.Lang)
		fmt.Fprintf(&y, "http: {listen: \"localhost:%d\", admin: \"localhost:0\"}\n", port)
		y.WriteString("federation:\n  allow_private: true\n  debounce: 100ms\n  follow_every: 30s\n")
		if s.hub {
			fmt.Fprintf(&y, "  hub: {listen: \"127.0.0.1:%d\", advertise: 127.0.0.1, profile: local, admission: open}\n", gossip)
			hubPort[i] = gossip
			gossip++
		}
		if s.above >= 0 {
			fmt.Fprintf(&y, "  join: {hub: %q, listen: \"127.0.0.1:%d\", advertise: 127.0.0.1, profile: local, peers: [\"127.0.0.1:%d\"]}\n",
				specs[s.above].id, gossip, hubPort[s.above])
			gossip++
		}
		cfg, err := node.ReadConfig(strings.NewReader(y.String()), func(string) (string, bool) { return "", false })
		if err != nil {
			return nil, fmt.Errorf("configuration of %s: %w", s.name, err)
		}
		members = append(members, &member{role: s.role, cfg: cfg})
	}
	return members, portsFree(o.Port, gossip)
}

// portsFree says which port is taken before anything is started.
func portsFree(from, to int) error {
	var taken []string
	for p := from; p < to; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			taken = append(taken, strconv.Itoa(p))
			continue
		}
		_ = l.Close()
	}
	if len(taken) > 0 {
		return fmt.Errorf("ports %s are in use: choose others with --port (the demonstration takes %d ports in a row)", strings.Join(taken, ", "), to-from)
	}
	return nil
}

func (m *member) url() string { return m.cfg.URL }

// top is the nation.
func top(members []*member) *member { return members[0] }
