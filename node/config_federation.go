package node

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/territory"
	"maillon/federation"
)

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
