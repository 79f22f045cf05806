package node

import (
	"errors"
	"fmt"
	"path/filepath"

	"maillon/catalog/territory"
	"maillon/federation"
)

// An AuthorityConfig says where a hub's authority key is.
type AuthorityConfig struct {
	KeyFile        string // encrypted; "" if the key is on another machine
	PassphraseFile string // opens KeyFile
	Key            string // verifier key, if the key is on another machine
}

type rawAuthority struct {
	KeyFile        string `yaml:"key_file"`
	PassphraseFile string `yaml:"passphrase_file"`
	Key            string `yaml:"key"`
}

// trust checks what the configuration says of roots, charter and authority.
func (raw *rawConfig) trust(f *FederationConfig, id territory.NodeID) error {
	for _, root := range raw.Federation.Roots {
		if err := federation.CheckIssuer(root); err != nil {
			return fmt.Errorf("federation.roots: %w (copy the key that `maillon root show` prints)", err)
		}
	}
	f.Roots = raw.Federation.Roots
	f.CharterFile = inside(raw.Data, raw.Federation.CharterFile)
	h := raw.Federation.Hub
	if h == nil {
		return nil
	}
	if f.Hub.ByCharter && len(f.Roots) == 0 {
		return errors.New("federation.roots is empty: admission by charter needs the root's key (maillon root show prints it)")
	}
	if h.Authority == nil {
		return nil
	}
	a := AuthorityConfig{Key: h.Authority.Key, PassphraseFile: inside(raw.Data, h.Authority.PassphraseFile)}
	switch {
	case a.Key != "" && h.Authority.KeyFile != "":
		return errors.New("federation.hub.authority: key is for an authority on another machine, key_file for one that is here: write one of the two")
	case a.Key != "":
		if err := federation.CheckIssuer(a.Key); err != nil {
			return fmt.Errorf("federation.hub.authority.key: %w", err)
		}
		if want := federation.AuthorityName(id.String()); federation.KeyNameOf(a.Key) != want {
			return fmt.Errorf("federation.hub.authority.key is of %q, want one of %q", federation.KeyNameOf(a.Key), want)
		}
	case h.Authority.KeyFile == "" || a.PassphraseFile == "":
		return errors.New("federation.hub.authority: write key_file and passphrase_file, or key alone if the key is on another machine")
	default:
		a.KeyFile = inside(raw.Data, h.Authority.KeyFile)
	}
	f.Hub.Authority = &a
	return nil
}

// inside makes a path relative to the data folder.
func inside(data, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(data, path)
}
