package node

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"maillon/catalog"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/federation"
	"maillon/node/harvester"
	"maillon/node/outlet"
)

// A Config is a checked configuration: [ReadConfig] makes it from a file,
// and nothing after it needs to check again.
type Config struct {
	ID        territory.NodeID
	Name      string // of the body that runs the node
	Level     territory.Level
	Territory territory.Geozone
	Contact   string      // e-mail shown in the catalogue and the register
	Box       catalog.Box // rectangle around the territory; zero for none

	URL string // base of its public IRIs, chosen once, without trailing slash
	// Address is where others reach it: URL, another server that URL leads to,
	// or its hub's https://HUB/n/ID.
	Address string
	Data    string // folder of everything the node keeps
	Lang    texts.Lang

	Listen string // public HTTP
	Admin  string // admin actions; keep it on loopback

	Deposits   DepositsConfig
	Validate   ValidateConfig
	Federation FederationConfig
	Sources    []harvester.Config // foreign catalogues to harvest
	Outlet     outlet.Config      // what is published on a udata platform
	Backup     BackupConfig
	Toolbox    ToolboxConfig
	Log        LogConfig

	// Now is the node's clock; nil is time.Now. No file sets it: tests of
	// clocks that are wrong do.
	Now func() time.Time
}

// ToolboxConfig says where the boîte à outils is.
type ToolboxConfig struct {
	Dir string // the operator's folder; "" for what the program holds, on hubs
}

// ValidateConfig bounds the validation service.
type ValidateConfig struct {
	MaxBytes int64 // of one file, as received and after decompression
}

// DepositsConfig says how pivot files come in.
type DepositsConfig struct {
	TokenFile string // one token a line; made at first start if absent
	Inbox     string // watched folder; "" for none
	Strict    bool   // publication: stricte keeps what is not conforming out of the journal
	MaxBytes  int64  // of one deposit, as received and after decompression
}

// FederationConfig says whom the node joins and what it hosts.
type FederationConfig struct {
	AllowPrivate bool          // follow nodes at private addresses (demonstrations, closed networks)
	Debounce     time.Duration // quiet time before a new head is announced or stated
	FollowEvery  time.Duration // how often a mirror is checked without an announcement
	OrphanAfter  time.Duration // how long a hub may be silent before the level above serves its members
	Join         *PoolConfig   // the pool of the hub above; nil at the top
	Hub          *HubConfig    // nil if this node admits no members
	Roots        []string      // verifier keys of the national root; none: no charter is believed
	CharterFile  string        // the node's own chain of charters
	// ConfirmHead makes the node ask its hub, at each start, how far its
	// journal had come, before it signs anything new: a restored copy must
	// not fork what it signed before.
	ConfirmHead bool
}

// A PoolConfig is one gossip pool.
type PoolConfig struct {
	Hub       string   // node id of the pool's hub: it names the pool
	HubKey    string   // verifier key of that hub; "" trusts the first one met
	Bind      string   // IP to listen on
	Port      int      // TCP and UDP
	Advertise string   // host or IP that the others reach; "" is found from Bind
	Peers     []string // host:port of members to join through
	Key       []byte   // 32 bytes, the pool's fence; nil for none
	Keys      [][]byte // further keys, read while one replaces another
	KeyFile   string   // where they stand; "" for none
	Profile   string   // wan, or local for one machine

	URL   string // public base of the hub; "" is learnt from the pool
	Light bool   // no gossip: this node only makes connections, to the hub
	AtHub bool   // storage: hub; the hub stores and serves this node's journal and files
}

// HubConfig is what a chef de file adds.
type HubConfig struct {
	Pool  PoolConfig
	Quota int64 // bytes that the journal of a member may take that stores it here
	// Open accepts every node whose territory lies inside this hub's without
	// asking anyone: for demonstrations. Otherwise an unknown node is pending
	// until `maillon members accept`.
	Open bool
	// ByCharter accepts every node whose chain of charters holds.
	ByCharter bool
	Authority *AuthorityConfig // nil if the hub issues no charters
}

// LogConfig says how the node logs.
type LogConfig struct {
	Level string // debug, info, warn, error
	JSON  bool
}

// rawConfig is the file's shape; configs/ explains every key.
type rawConfig struct {
	Node struct {
		ID        string `yaml:"id"`
		Name      string `yaml:"name"`
		Level     string `yaml:"level"`
		Territory string `yaml:"territory"`
		Contact   string `yaml:"contact"`
		Box       string `yaml:"bbox"`
	} `yaml:"node"`
	URL     string `yaml:"url"`
	Address string `yaml:"address"`
	Data    string `yaml:"data"`
	Lang    string `yaml:"lang"`
	HTTP    struct {
		Listen string `yaml:"listen"`
		Admin  string `yaml:"admin"`
	} `yaml:"http"`
	Deposits struct {
		TokenFile   string `yaml:"token_file"`
		Inbox       string `yaml:"inbox"`
		Publication string `yaml:"publication"`
		MaxSize     string `yaml:"max_size"`
	} `yaml:"deposits"`
	Validate struct {
		MaxSize string `yaml:"max_size"`
	} `yaml:"validate"`
	Federation struct {
		AllowPrivate bool     `yaml:"allow_private"`
		Debounce     string   `yaml:"debounce"`
		FollowEvery  string   `yaml:"follow_every"`
		OrphanAfter  string   `yaml:"orphan_after"`
		ConfirmHead  *bool    `yaml:"confirm_head"`
		Roots        []string `yaml:"roots"`
		CharterFile  string   `yaml:"charter_file"`
		Join         *rawPool `yaml:"join"`
		Hub          *rawHub  `yaml:"hub"`
	} `yaml:"federation"`
	Sources []rawSource `yaml:"sources"`
	Backup  struct {
		Dir        string `yaml:"dir"`
		Every      string `yaml:"every"`
		Keep       string `yaml:"keep"`
		Passphrase string `yaml:"passphrase_file"`
	} `yaml:"backup"`
	Publish struct {
		UData rawOutlet `yaml:"udata"`
	} `yaml:"publish"`
	Toolbox struct {
		Dir string `yaml:"dir"`
	} `yaml:"toolbox"`
	Log struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`
}

type rawSource struct {
	URL          string `yaml:"url" json:"url"`
	Every        string `yaml:"every" json:"every,omitempty"`
	Grace        string `yaml:"grace" json:"grace,omitempty"`
	MaxDeletions string `yaml:"max_deletions" json:"maxDeletions,omitempty"`
	Files        *bool  `yaml:"files" json:"files,omitempty"`
}

type rawPool struct {
	Mode      string   `yaml:"mode"`
	Storage   string   `yaml:"storage"`
	URL       string   `yaml:"url"`
	Hub       string   `yaml:"hub"`
	HubKey    string   `yaml:"hub_key"`
	Listen    string   `yaml:"listen"`
	Advertise string   `yaml:"advertise"`
	Peers     []string `yaml:"peers"`
	KeyFile   string   `yaml:"key_file"`
	Profile   string   `yaml:"profile"`
}

type rawHub struct {
	Listen    string `yaml:"listen"`
	Advertise string `yaml:"advertise"`
	KeyFile   string `yaml:"key_file"`
	Profile   string `yaml:"profile"`
	Admission string `yaml:"admission"`
	Quota     string `yaml:"quota"`

	Authority *rawAuthority `yaml:"authority"`
}

// LoadConfig reads the file at path with the process's environment.
func LoadConfig(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	c, err := ReadConfig(f, os.LookupEnv)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ReadConfig reads and checks a configuration. Unknown keys are errors. An
// environment variable MAILLON_ and the key's path in capitals joined by _
// (MAILLON_HTTP_LISTEN) overrides the file; env looks them up.
func ReadConfig(r io.Reader, env func(string) (string, bool)) (Config, error) {
	var raw rawConfig
	raw.Data = "data"
	raw.HTTP.Listen = "localhost:8080"
	raw.HTTP.Admin = "localhost:9090"
	raw.Deposits.Inbox = "inbox"
	raw.Deposits.Publication = "complete"
	raw.Deposits.MaxSize = "2GiB"
	raw.Validate.MaxSize = "100MiB"
	raw.Federation.Debounce = "2s"
	raw.Federation.FollowEvery = "15m"
	raw.Federation.OrphanAfter = "1h"
	raw.Federation.CharterFile = "charter.txt"
	raw.Log.Level, raw.Log.Format = "info", "console"
	dec := yaml.NewDecoder(r)
	dec.KnownFields(true)
	if err := dec.Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, err
	}
	if err := override(reflect.ValueOf(&raw).Elem(), "MAILLON", env); err != nil {
		return Config{}, err
	}
	return raw.check()
}

// override sets the fields of v from the environment: strings, booleans, and
// lists written with commas. A section that the file leaves out is not made.
func override(v reflect.Value, prefix string, env func(string) (string, bool)) error {
	for i := range v.NumField() {
		name := prefix + "_" + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		f := v.Field(i)
		if f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		if f.Kind() == reflect.Struct {
			if err := override(f, name, env); err != nil {
				return err
			}
			continue
		}
		s, ok := env(name)
		if !ok || f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.String {
			continue // lists of sections stand in the file only
		}
		switch f.Kind() {
		case reflect.String:
			f.SetString(s)
		case reflect.Slice:
			f.Set(reflect.ValueOf(strings.Split(s, ",")))
		default:
			b, err := strconv.ParseBool(s)
			if err != nil {
				return fmt.Errorf("%s: %q is not true or false", name, s)
			}
			if f.Kind() == reflect.Pointer {
				f.Set(reflect.ValueOf(&b))
			} else {
				f.SetBool(b)
			}
		}
	}
	return nil
}

// check turns the file's shape into the program's, with the first thing
// wrong as the error.
func (raw *rawConfig) check() (Config, error) {
	c := Config{
		Name: raw.Node.Name, Contact: raw.Node.Contact, Data: raw.Data,
		Lang: texts.Parse(raw.Lang), Listen: raw.HTTP.Listen, Admin: raw.HTTP.Admin, Toolbox: ToolboxConfig{Dir: raw.Toolbox.Dir},
	}
	var err error
	if c.ID, err = territory.ParseNodeID(raw.Node.ID); err != nil {
		return c, fmt.Errorf("node.id: %w (write the SIRET of the body that runs this node, 14 digits)", err)
	}
	if c.Name == "" {
		return c, errors.New("node.name is empty: write the name of the body that runs this node")
	}
	if c.Level, err = territory.ParseLevel(raw.Node.Level); err != nil {
		return c, fmt.Errorf("node.level: %w", err)
	}
	if c.Territory, err = territory.ParseGeozone(raw.Node.Territory); err != nil {
		return c, fmt.Errorf("node.territory: %w", err)
	}
	if c.Box, err = parseBox(raw.Node.Box); err != nil {
		return c, fmt.Errorf("node.bbox: %w", err)
	}
	if c.Deposits, err = raw.deposits(); err != nil {
		return c, err
	}
	if c.Validate.MaxBytes, err = parseSize(raw.Validate.MaxSize); err != nil {
		return c, fmt.Errorf("validate.max_size: %w", err)
	}
	if c.Federation, err = raw.federation(c.ID); err != nil {
		return c, err
	}
	if err = raw.addresses(&c); err != nil {
		return c, err
	}
	if c.Backup, err = raw.backup(); err != nil {
		return c, err
	}
	if c.Outlet, err = raw.Publish.UData.check(raw.Data); err != nil {
		return c, err
	}
	for i, r := range raw.Sources {
		source, err := r.check()
		if err != nil {
			return c, fmt.Errorf("sources[%d]: %w", i, err)
		}
		c.Sources = append(c.Sources, source)
	}
	return c, raw.checkLog(&c.Log)
}

func (r rawSource) check() (harvester.Config, error) {
	c := harvester.Config{URL: r.URL, Every: harvester.DefaultEvery, Grace: harvester.DefaultGrace, Share: harvester.DefaultShare, Files: true}
	if err := harvester.CheckURL(r.URL); err != nil {
		return c, fmt.Errorf("url: %w", err)
	}
	var err error
	if r.Every != "" {
		if c.Every, err = parseDuration("every", r.Every, time.Second, 366*24*time.Hour); err != nil {
			return c, err
		}
	}
	if r.Grace != "" {
		if c.Grace, err = parseDuration("grace", r.Grace, time.Second, 366*24*time.Hour); err != nil {
			return c, err
		}
	}
	if r.MaxDeletions != "" {
		if c.Share, err = parseShare(r.MaxDeletions); err != nil {
			return c, fmt.Errorf("max_deletions: %w", err)
		}
	}
	if r.Files != nil {
		c.Files = *r.Files
	}
	return c, nil
}

// parseShare reads 20%.
func parseShare(s string) (float64, error) {
	digits, ok := strings.CutSuffix(strings.TrimSpace(s), "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil || !(n > 0 && n <= 100) {
		return 0, fmt.Errorf("%q is not a share (write 20%%)", s)
	}
	return n / 100, nil
}

// parseBox reads west, south, east and north, in degrees.
func parseBox(s string) (catalog.Box, error) {
	var b catalog.Box
	if s == "" {
		return b, nil
	}
	n, err := fmt.Sscan(s, &b.West, &b.South, &b.East, &b.North)
	if err != nil || n != 4 || b.West >= b.East || b.South >= b.North || b.West < -180 || b.East > 180 || b.South < -90 || b.North > 90 {
		return b, fmt.Errorf("%q is not a rectangle (write west south east north in degrees: -5.2 47.2 -1.0 48.9)", s)
	}
	return b, nil
}

func checkURL(s, listen string) (string, error) {
	if s == "" {
		host, port, err := net.SplitHostPort(listen)
		if err != nil {
			return "", fmt.Errorf("http.listen: %q is not host:port (write localhost:8080)", listen)
		}
		if host == "" {
			host = "localhost"
		}
		return "http://" + net.JoinHostPort(host, port), nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("url: %q is not a public address (write https://marches.exemple.fr)", s)
	}
	return strings.TrimRight(s, "/"), nil
}

func (raw *rawConfig) deposits() (DepositsConfig, error) {
	d := DepositsConfig{TokenFile: raw.Deposits.TokenFile, Inbox: raw.Deposits.Inbox}
	if d.TokenFile == "" {
		d.TokenFile = filepath.Join(raw.Data, "deposit.token")
	}
	if d.Inbox != "" && !filepath.IsAbs(d.Inbox) {
		d.Inbox = filepath.Join(raw.Data, d.Inbox)
	}
	switch raw.Deposits.Publication {
	case "complete":
	case "stricte":
		d.Strict = true
	default:
		return d, fmt.Errorf("deposits.publication: %q is neither complete nor stricte", raw.Deposits.Publication)
	}
	size, err := parseSize(raw.Deposits.MaxSize)
	if err != nil {
		return d, fmt.Errorf("deposits.max_size: %w", err)
	}
	d.MaxBytes = size
	return d, nil
}

// parseSize reads 64MiB, 2GiB or a number of bytes.
func parseSize(s string) (int64, error) {
	for unit, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if digits, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			if err != nil || n <= 0 {
				return 0, fmt.Errorf("%q is not a size (write 64MiB or 2GiB)", s)
			}
			return n * factor, nil
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a size (write 64MiB or 2GiB)", s)
	}
	return n, nil
}

func (raw *rawConfig) federation(id territory.NodeID) (FederationConfig, error) {
	f := FederationConfig{AllowPrivate: raw.Federation.AllowPrivate, ConfirmHead: true}
	if raw.Federation.ConfirmHead != nil {
		f.ConfirmHead = *raw.Federation.ConfirmHead
	}
	var err error
	if f.Debounce, err = parseDuration("federation.debounce", raw.Federation.Debounce, 10*time.Millisecond, time.Hour); err != nil {
		return f, err
	}
	if f.OrphanAfter, err = parseDuration("federation.orphan_after", raw.Federation.OrphanAfter, time.Second, 31*24*time.Hour); err != nil {
		return f, err
	}
	if f.FollowEvery, err = parseDuration("federation.follow_every", raw.Federation.FollowEvery, time.Second, 7*24*time.Hour); err != nil {
		return f, err
	}
	if j := raw.Federation.Join; j != nil {
		p, err := j.check("federation.join")
		if err != nil {
			return f, err
		}
		if _, err := territory.ParseNodeID(j.Hub); err != nil {
			return f, fmt.Errorf("federation.join.hub: %w (write the node id of the hub you join)", err)
		}
		if p.HubKey = j.HubKey; p.HubKey != "" {
			if _, err := federation.NewVerifier(p.HubKey, j.Hub, 0); err != nil {
				return f, fmt.Errorf("federation.join.hub_key: %w (copy the key from the hub's home page)", err)
			}
		}
		if err := j.place(&p, f.AllowPrivate, raw.Federation.Hub != nil); err != nil {
			return f, fmt.Errorf("federation.join.%w", err)
		}
		if len(p.Peers) == 0 && !p.Light {
			return f, errors.New("federation.join.peers is empty: write the gossip address of the hub, such as hub.exemple.fr:7946")
		}
		f.Join = &p
	}
	if h := raw.Federation.Hub; h != nil {
		r := rawPool{Hub: id.String(), Listen: h.Listen, Advertise: h.Advertise, KeyFile: h.KeyFile, Profile: h.Profile}
		p, err := r.check("federation.hub")
		if err != nil {
			return f, err
		}
		f.Hub = &HubConfig{Pool: p, Quota: 2 << 30}
		if h.Quota != "" {
			if f.Hub.Quota, err = parseSize(h.Quota); err != nil {
				return f, fmt.Errorf("federation.hub.quota: %w", err)
			}
		}
		switch h.Admission {
		case "", "manual":
		case "open":
			f.Hub.Open = true
		case "charter":
			f.Hub.ByCharter = true
		default:
			return f, fmt.Errorf("federation.hub.admission: %q is not manual, charter or open", h.Admission)
		}
	}
	return f, raw.trust(&f, id)
}

func parseDuration(key, s string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > most {
		return 0, fmt.Errorf("%s: %q is not a duration between %s and %s (write 30s, 15m, 6h)", key, s, least, most)
	}
	return d, nil
}

func (p *rawPool) check(key string) (PoolConfig, error) {
	listen := p.Listen
	if listen == "" {
		listen = "0.0.0.0:7946"
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return PoolConfig{}, fmt.Errorf("%s.listen: %q is not address:port (write 0.0.0.0:7946)", key, listen)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return PoolConfig{}, fmt.Errorf("%s.listen: %q is not a port", key, port)
	}
	if net.ParseIP(host) == nil {
		return PoolConfig{}, fmt.Errorf("%s.listen: %q is not an IP address (write 0.0.0.0:7946)", key, host)
	}
	c := PoolConfig{Hub: p.Hub, Bind: host, Port: int(n), Advertise: p.Advertise, Peers: p.Peers, Profile: p.Profile}
	switch c.Profile {
	case "":
		c.Profile = "wan"
	case "wan", "local":
	default:
		return c, fmt.Errorf("%s.profile: %q is neither wan nor local", key, c.Profile)
	}
	c.KeyFile = p.KeyFile
	if c.Keys, err = readPoolKeys(key, p.KeyFile); len(c.Keys) > 0 {
		c.Key, c.Keys = c.Keys[0], c.Keys[1:]
	}
	return c, err
}

// readPoolKeys reads the keys of a pool, one a line: the first encrypts.
func readPoolKeys(key, path string) (keys [][]byte, err error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s.key_file: %w", key, err)
	}
	for _, line := range strings.Fields(string(raw)) {
		k, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(k) != 32 {
			return nil, fmt.Errorf("%s.key_file: %s does not hold 32 bytes in base64 (make one with: head -c 32 /dev/urandom | base64)", key, path)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 || len(keys) > 4 {
		return nil, fmt.Errorf("%s.key_file: %s holds %d keys, want 1 to 4", key, path, len(keys))
	}
	return keys, nil
}

func (raw *rawConfig) checkLog(l *LogConfig) error {
	l.Level = raw.Log.Level
	switch l.Level {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("log.level: %q is not debug, info, warn or error", l.Level)
	}
	switch raw.Log.Format {
	case "console":
	case "json":
		l.JSON = true
	default:
		return fmt.Errorf("log.format: %q is neither console nor json", raw.Log.Format)
	}
	return nil
}
