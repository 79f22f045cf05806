package node

import (
	"maillon/node/access"
	"maillon/node/authority"
)

// readTokens reads the file of the tokens of deposits, at the start and when the
// configuration is read again.
func (n *Node) readTokens() error {
	tokens, err := loadTokens(n.cfg.Deposits.TokenFile)
	if err != nil {
		return err
	}
	n.tokens.Store(&tokens)
	return nil
}

// mayDeposit reports whether a token lets deposit.
func (n *Node) mayDeposit(token string) bool {
	if among(token, *n.tokens.Load()) {
		return true
	}
	t, ok := n.access.Who(token)
	return ok && t.May(access.Deposit)
}

// bearer finds who shows a token on the admin listener: an operator of the hub's
// desk, or whoever was given a token of this node, with the role its scope amounts to.
func (n *Node) bearer(token, path string) (authority.Operator, bool) {
	if token == "" {
		return authority.Operator{}, false
	}
	if t, ok := n.access.Who(token); ok {
		who := authority.Operator{Name: t.Name, Role: authority.Reader}
		switch {
		case t.May(access.Admin):
			who.Role = authority.Administrator
		case t.May(access.Read), t.May(access.Metrics) && path == "/metrics":
		default:
			return authority.Operator{}, false
		}
		return who, true
	}
	if n.trust.office == nil {
		return authority.Operator{}, false
	}
	who, ok, err := n.trust.office.Operator(token)
	return who, ok && err == nil
}
