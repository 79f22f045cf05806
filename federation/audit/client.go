package audit

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"maillon/federation/follow"
)

// ParseBase reads the public base of a node as a person types it.
func ParseBase(s string) (string, error) {
	s = strings.TrimRight(s, "/")
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("address %q, want https://host or http://host", s)
	}
	return s, nil
}

// NewClient makes a client to look at a federation with. It talks to private
// addresses only if the node that was asked for has one itself: a public node
// shall not send whoever checks it into his own network.
func NewClient(ctx context.Context, base, agent string) *follow.Client {
	return follow.NewClient(follow.Options{AllowPrivate: private(ctx, base), UserAgent: agent})
}

func private(ctx context.Context, base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return false // the first request says so better
	}
	for _, a := range addrs {
		if !follow.Public(a.Unmap()) {
			return true
		}
	}
	return false
}
