package node

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"

	"maillon/federation"
	"maillon/node/authority"
	"maillon/store/whole"
)

// The next authority key of a hub lies beside the present one until a charter
// names it: KEY_FILE.next.
func (t *trust) nextKeyFile() string {
	h := t.n.cfg.Federation.Hub
	if h == nil || h.Authority == nil || h.Authority.KeyFile == "" {
		return ""
	}
	return h.Authority.KeyFile + ".next"
}

// RotateAuthority makes the next authority key. The level above is asked for a
// charter that names it; until then the present one signs.
func (n *Node) RotateAuthority(by authority.Operator) (key string, err error) {
	return n.rotateAuthorityAt(by, authority.WorkFactor)
}

func (n *Node) rotateAuthorityAt(by authority.Operator, work int) (key string, err error) {
	path := n.trust.nextKeyFile()
	if path == "" {
		return "", errors.New("this hub's authority key is not here: make the next one where it is, and ask the level above for a charter that names it")
	}
	pass, err := authority.ReadPassphrase(n.cfg.Federation.Hub.Authority.PassphraseFile)
	if err != nil {
		return "", err
	}
	if a, err := authority.OpenKey(path, pass); err == nil {
		return a.Key(), nil // made before; its charter is awaited
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	a, err := authority.CreateKeyAt(path, n.cfg.ID.String(), pass, work)
	if err != nil {
		return "", err
	}
	return a.Key(), n.trust.office.Record(by, "next-authority", n.cfg.ID.String(), a.Key())
}

// nextAuthority is the key that the next charter shall name, "" if the
// present one is to stay.
func (t *trust) nextAuthority(c federation.Charter) string {
	path := t.nextKeyFile()
	if path == "" || c.Role != federation.RoleHub {
		return ""
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	pass, err := authority.ReadPassphrase(t.n.cfg.Federation.Hub.Authority.PassphraseFile)
	if err != nil {
		return ""
	}
	a, err := authority.OpenKey(path, pass)
	if err != nil {
		t.n.log.Warn().Err(err).Msg("open the next authority key")
		return ""
	}
	return a.Key()
}

// followAuthority makes the key that this hub's own charter names the one
// that its desk signs with.
func (t *trust) followAuthority(own federation.Charter) error {
	if t.office == nil || own.Authority == "" || own.Authority == t.office.Key() || t.nextKeyFile() == "" {
		return nil
	}
	h := t.n.cfg.Federation.Hub.Authority
	pass, err := authority.ReadPassphrase(h.PassphraseFile)
	if err != nil {
		return err
	}
	next, err := authority.OpenKey(t.nextKeyFile(), pass)
	if err != nil || next.Key() != own.Authority {
		return errors.Join(err, fmt.Errorf("the hub's charter names the authority %.60s, which is not here", own.Authority))
	}
	raw, err := os.ReadFile(t.nextKeyFile())
	if err != nil {
		return err
	}
	old, err := os.ReadFile(h.KeyFile)
	if err != nil {
		return err
	}
	if err := whole.WriteFile(h.KeyFile+".past", old, 0o600); err != nil {
		return err
	}
	if err := whole.WriteFile(h.KeyFile, raw, 0o600); err != nil {
		return fmt.Errorf("keep the authority's key: %w", err)
	}
	if err := t.office.Rekey(authority.Operator{Name: t.n.cfg.ID.String(), Role: authority.Self}, next); err != nil {
		return err
	}
	if err := os.Remove(t.nextKeyFile()); err != nil {
		return err
	}
	return t.takeOwnList()
}

// hostOf is the host of a public base.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func splitPort(s string) (host, port string, err error) { return net.SplitHostPort(s) }

func joinPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
