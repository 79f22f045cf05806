package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/authority"
	"maillon/store/whole"
)

// JoinOptions say who joins, and where its files go.
type JoinOptions struct {
	Invitation string
	Data       string // folder of the node
	Config     string // configuration to write
	SIRET      string // "": the invitation's
	Name       string // "": that of the territory
	URL        string // public base, if this node serves itself
	Gossip     string // IP:port to listen on
	Listen     string // public HTTP
	Light      bool   // do not try to be a full member
	NewKey     bool   // the key here was revoked or lost
	// PassphraseFile opens, or closes, the authority key of a future hub.
	PassphraseFile string
	Now            func() time.Time
}

// Joined is how joining went.
type Joined struct {
	Node      string   `json:"node"`
	Name      string   `json:"name"`
	Level     string   `json:"level"`
	Territory string   `json:"territory"`
	Role      string   `json:"role"`
	Key       string   `json:"key"`
	Hub       string   `json:"hub"`
	HubName   string   `json:"hubName"`
	HubURL    string   `json:"hubUrl"`
	Root      string   `json:"root"`
	Mode      string   `json:"mode"` // full, light
	Dial      *Dialled `json:"dial,omitempty"`
	Config    string   `json:"config"`
	Existing  bool     `json:"existing,omitempty"` // Config was there: it was left alone, and Config+".join" written
	Expires   string   `json:"expires"`            // of the charter, a day

	pool *PoolTerms
	o    JoinOptions
}

// ErrNoSIRET: nothing says which body joins.
var ErrNoSIRET = errors.New("the invitation does not say which SIRET joins")

// ErrOtherHub: who answers is not the hub that made the invitation.
var ErrOtherHub = errors.New("the server that answers is not the hub that made this invitation")

// JoinHub does all that joining takes: it makes the node's key, asks the hub
// of the invitation for a charter, lets it dial back, checks what it answers,
// and writes key, charter, pool key and configuration. It may be run again:
// nothing that is there is made twice.
func JoinHub(ctx context.Context, o JoinOptions) (*Joined, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	v, err := federation.ParseInvite(o.Invitation)
	if err != nil {
		return nil, err
	}
	if o.PassphraseFile != "" && o.URL == "" {
		return nil, errors.New("url: a hub needs a public address of its own: add --url https://…")
	}
	j := &Joined{HubURL: v.Hub, Config: o.Config, o: o}
	if err := j.who(v); err != nil {
		return nil, err
	}
	client := follow.NewClient(follow.Options{AllowPrivate: true, UserAgent: "maillon/" + Version})
	info, err := j.meetHub(ctx, client, v)
	if err != nil {
		return nil, err
	}
	signer, err := j.key()
	if err != nil {
		return nil, err
	}
	g, err := j.apply(ctx, client, v, info, signer)
	if err != nil {
		return nil, err
	}
	chain, err := j.believe(v, g)
	if err != nil {
		return nil, err
	}
	return j, j.write(g, chain)
}

// who finds the node id and what the invitation says of it.
func (j *Joined) who(v federation.Invite) error {
	siret := j.o.SIRET
	if siret == "" {
		siret = v.SIRET
	}
	if siret == "" {
		return fmt.Errorf("%w: give it with --siret (14 digits, of %s)", ErrNoSIRET, v.Geozone)
	}
	id, err := territory.ParseNodeID(siret)
	if err != nil {
		return fmt.Errorf("siret: %w", err)
	}
	zone, err := territory.ParseGeozone(v.Geozone)
	if err != nil {
		return fmt.Errorf("the invitation is for a territory that this version does not know: %w", err)
	}
	j.Node, j.Territory, j.Level = id.String(), zone.String(), string(zone.Level())
	body, ok := territory.BySIREN(id.SIRET().SIREN().String())
	if !ok || body.Geozone != zone {
		j.Level = string(territory.Organisme)
	}
	if j.Name = j.o.Name; j.Name == "" {
		j.Name = territory.Name(zone)
		if ok {
			j.Name = body.Name
		}
	}
	return nil
}

// meetHub asks the hub who it is, and checks that it has the authority key
// that the invitation names.
func (j *Joined) meetHub(ctx context.Context, c *follow.Client, v federation.Invite) (HubInfo, error) {
	var info HubInfo
	if err := c.GetJSON(ctx, v.Hub+"/federation/v1/hub", &info); err != nil {
		return info, fmt.Errorf("the hub at %s does not answer as one: %w", v.Hub, err)
	}
	if federation.FingerprintOf(info.Authority) != v.Authority {
		return info, fmt.Errorf("%w (%s at %s): ask the hub for another invitation, by another way than the first", ErrOtherHub, info.Name, v.Hub)
	}
	j.Hub, j.HubName = info.Node, info.Name
	return info, nil
}

// key reads the node's key, or makes it.
func (j *Joined) key() (note.Signer, error) {
	if err := os.MkdirAll(j.o.Data, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(j.o.Data, "node.key")
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Join(j.o.Data, "maillon.db")); err == nil && !j.o.NewKey {
			return nil, fmt.Errorf("%s is missing beside a journal: put the key back from your backup, or add --new-key if it is lost", path)
		}
	case err != nil:
		return nil, err
	case !j.o.NewKey:
		signer, text, err := federation.NewSigner(strings.TrimSpace(string(raw)), j.Node, 0)
		j.Key = text
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return signer, nil
	}
	secret, text, err := federation.GenerateKey(j.Node, 0)
	if err != nil {
		return nil, err
	}
	if err := j.keepPast(path, raw); err != nil {
		return nil, err
	}
	if err := whole.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keep the node's key: %w", err)
	}
	signer, _, err := federation.NewSigner(secret, j.Node, 0)
	j.Key = text
	return signer, err
}

// keepPast remembers the public half of a key that is replaced: the journal's
// last checkpoint is signed with it.
func (j *Joined) keepPast(path string, secret []byte) error {
	if len(secret) == 0 {
		return nil
	}
	_, old, err := federation.NewSigner(strings.TrimSpace(string(secret)), j.Node, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	past, err := pastKeys(path)
	if err != nil {
		return err
	}
	return whole.WriteFile(path+".past", []byte(strings.Join(append([]string{old}, past...), "\n")+"\n"), 0o600)
}

// apply asks for the charter, while answering the dial-back.
func (j *Joined) apply(ctx context.Context, c *follow.Client, v federation.Invite, info HubInfo, signer note.Signer) (g Granted, err error) {
	q := federation.Request{
		Do: federation.Join, To: info.Node, Node: j.Node, Key: j.Key, At: j.o.Now().UTC().Truncate(time.Second), Nonce: newNonce(),
		Token: v.Token[:], Level: j.Level, Territory: j.Territory, Name: federation.Shorten(j.Name, federation.MaxName),
	}
	if q.Authority, err = j.authority(); err != nil {
		return g, err
	}
	if !j.o.Light {
		at, err := netip.ParseAddrPort(j.o.Gossip)
		if err != nil {
			return g, fmt.Errorf("gossip: %q is not IP:port (write 0.0.0.0:7946)", j.o.Gossip)
		}
		if r, err := NewResponder(j.o.Gossip); err == nil { // a port that is taken cannot be reached by the hub either
			defer r.Close()
			q.Gossip = int(at.Port())
		}
	}
	raw, err := federation.SignRequest(q, signer)
	if err != nil {
		return g, err
	}
	body, err := json.Marshal(call{Request: string(raw)})
	if err != nil {
		return g, err
	}
	return g, c.Ask(ctx, v.Hub+"/federation/v1/join", body, &g)
}

// authority reads or makes the authority key of a node that is to be a hub.
func (j *Joined) authority() (string, error) {
	if j.o.PassphraseFile == "" {
		return "", nil
	}
	pass, err := authority.ReadPassphrase(j.o.PassphraseFile)
	if err != nil {
		return "", err
	}
	path := filepath.Join(j.o.Data, "authority.key")
	a, err := authority.OpenKey(path, pass)
	if errors.Is(err, fs.ErrNotExist) {
		a, err = authority.CreateKey(path, j.Node, pass)
	}
	if err != nil {
		return "", err
	}
	return a.Key(), nil
}

// believe checks the answer: the charter is this node's, signed by the
// authority that the invitation names, and its chain leads to the root that
// this authority names.
func (j *Joined) believe(v federation.Invite, g Granted) (federation.Chain, error) {
	notes, err := federation.SplitChain([]byte(g.Chain))
	if err != nil {
		return federation.Chain{}, fmt.Errorf("the hub's answer: %w", err)
	}
	c, err := federation.OpenCharter(notes[0])
	if err != nil {
		return federation.Chain{}, fmt.Errorf("the hub's answer: %w", err)
	}
	if c.Node != j.Node || c.Key != j.Key || federation.FingerprintOf(c.Issuer) != v.Authority {
		return federation.Chain{}, fmt.Errorf("%w: it gave a charter of %s, signed by %.60s", ErrOtherHub, c.Node, c.Issuer)
	}
	j.Root = c.Root
	rules := federation.Trust{Roots: []string{c.Root}, Contains: contains, Seat: authority.Seat}
	chain, err := rules.VerifyChain(notes, j.o.Now())
	if err != nil {
		return chain, fmt.Errorf("the hub's answer: %w", err)
	}
	j.Level, j.Territory, j.Role, j.Expires = c.Level, c.Territory, string(c.Role), c.Expires.Format(time.DateOnly)
	j.Mode, j.Dial, j.pool = g.Mode, g.Dial, g.Pool
	if c.Role == federation.RoleHub && (g.Mode != "full" || g.Pool == nil) {
		return chain, fmt.Errorf("%s cannot be reached by TCP and UDP at %s (%s): a hub must be; open the port and run this again, the invitation still serves you", j.Node, j.Dial.at(), j.Dial.why())
	}
	return chain, nil
}

// write keeps what joining gave, the configuration last.
func (j *Joined) write(g Granted, chain federation.Chain) error {
	files := map[string][]byte{"charter.txt": nil}
	for _, c := range chain.Charters {
		files["charter.txt"] = append(files["charter.txt"], c.Note()...)
	}
	if len(g.Pass) > 0 {
		files["pool.pass"] = []byte(encode(g.Pass) + "\n")
	}
	if g.Pool != nil && len(g.Pool.Key) > 0 {
		files["pool.key"] = []byte(encode(g.Pool.Key) + "\n")
		for _, k := range g.Pool.Keys {
			files["pool.key"] = append(files["pool.key"], encode(k)+"\n"...)
		}
	}
	for name, raw := range files {
		if err := whole.WriteFile(filepath.Join(j.o.Data, name), raw, 0o600); err != nil {
			return fmt.Errorf("keep %s: %w", name, err)
		}
	}
	path := j.Config
	if _, err := os.Stat(path); err == nil {
		j.Existing, path = true, path+".join"
	}
	if err := whole.WriteFile(path, []byte(j.configuration()), 0o640); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
