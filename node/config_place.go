package node

import (
	"errors"
	"fmt"
	"strings"
)

// place reads how a node takes part and who stores what it publishes.
func (p *rawPool) place(c *PoolConfig, private, hub bool) error {
	switch p.Mode {
	case "", "full":
	case "light":
		c.Light = true
	default:
		return fmt.Errorf("mode: %q is neither full nor light", p.Mode)
	}
	switch p.Storage {
	case "":
		c.AtHub = c.Light
	case "hub":
		c.AtHub = true
	case "own":
		if c.Light {
			return errors.New("storage: own cannot go with mode: light, since nobody could fetch from this node (write hub)")
		}
	default:
		return fmt.Errorf("storage: %q is neither own nor hub", p.Storage)
	}
	if c.AtHub && hub {
		return errors.New("storage: a hub stores its journal itself, since it also serves those of its members (write own)")
	}
	if p.URL == "" {
		if c.AtHub {
			return errors.New("url is empty: write the public address of the hub, such as https://hub.exemple.fr")
		}
		return nil
	}
	url, err := checkURL(p.URL, "")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(url, "https://") && !private {
		return fmt.Errorf("url: %q must begin with https:// (http:// only with federation.allow_private, for a demonstration)", p.URL)
	}
	c.URL = url
	return nil
}

// addresses finds the base of the node's IRIs and where it is reached. A node
// that its hub serves is named and reached at the hub, unless it had a name of
// its own before.
func (raw *rawConfig) addresses(c *Config) (err error) {
	home, base := "", raw.URL
	if j := c.Federation.Join; j != nil && j.URL != "" {
		home = j.URL + "/n/" + c.ID.String()
		if j.AtHub && base == "" {
			base = home
		}
	}
	if c.URL, err = checkURL(base, raw.HTTP.Listen); err != nil {
		return err
	}
	c.Address = c.URL
	if raw.Address != "" {
		if c.Address, err = checkURL(raw.Address, ""); err != nil {
			return fmt.Errorf("address: %w", err)
		}
	}
	switch {
	case home == "":
	case c.Federation.Join.AtHub:
		if raw.Address != "" && c.Address != home {
			return fmt.Errorf("address: with federation.join.storage: hub, this node is reached at %s (leave address out)", home)
		}
		c.Address = home
	case c.Address == home:
		return errors.New("address is empty: url leads to the hub, and federation.join.storage says that this node serves itself: write where it is reached, such as https://marches.exemple.fr")
	}
	return nil
}

// Public is the base of the addresses that this node gives out: that of its
// names, since these lead to it, whoever answers there. A node that gave up the
// server of its names gives out its hub's.
func (c Config) Public() string {
	if j := c.Federation.Join; j != nil && j.AtHub {
		return c.Address
	}
	return c.URL
}
