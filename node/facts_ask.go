package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"maillon/node/api"
	"maillon/node/doctor"
	"maillon/store/journal"
)

// An asker asks others how they see this node.
type asker struct {
	cfg     Config
	now     time.Time
	running bool
}

// get reads a small answer.
func (a *asker) get(ctx context.Context, address string) (body []byte, status int, date time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, date, err
	}
	req.Header.Set("User-Agent", "maillon/"+Version+" doctor")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the address is said already
		}
		return nil, 0, date, err
	}
	defer res.Body.Close()
	date, _ = http.ParseTime(res.Header.Get("Date"))
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return body, res.StatusCode, date, err
}

// ports tries the listeners: whether they answer, or whether they are free.
func (a *asker) ports(ctx context.Context) []doctor.Port {
	out := []doctor.Port{{Key: "http.listen", Address: a.cfg.Listen}, {Key: "http.admin", Address: a.cfg.Admin}}
	if j := a.cfg.Federation.Join; j != nil && !j.Light {
		out = append(out, doctor.Port{Key: "federation.join.listen", Address: net.JoinHostPort(j.Bind, strconv.Itoa(j.Port))})
	}
	if h := a.cfg.Federation.Hub; h != nil {
		out = append(out, doctor.Port{Key: "federation.hub.listen", Address: net.JoinHostPort(h.Pool.Bind, strconv.Itoa(h.Pool.Port))})
	}
	for i := range out {
		if err := a.port(ctx, out[i].Address); err != nil {
			out[i].Error = err.Error()
		}
	}
	return out
}

func (a *asker) port(ctx context.Context, address string) error {
	if !a.running {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		return l.Close()
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	c, err := (&net.Dialer{Timeout: askTimeout}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	return c.Close()
}

// names looks at the public address: name, certificate, and who answers there.
func (a *asker) names(ctx context.Context, f *doctor.Facts) {
	u, err := url.Parse(a.cfg.Address)
	if err != nil {
		return
	}
	host := u.Hostname()
	here := host == "localhost" || net.ParseIP(host).IsLoopback()
	if net.ParseIP(host) == nil && !here {
		f.DNS = &doctor.Name{Host: host}
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
			f.DNS.Error = err.Error()
			return // the rest would say the same
		}
	}
	switch {
	case u.Scheme == "https":
		f.TLS = certificateAt(ctx, host, u.Port())
	case !here:
		f.TLS = &doctor.TLS{Host: host, Plain: true}
	}
	f.Address = a.whoAnswers(ctx)
}

func certificateAt(ctx context.Context, host, port string) *doctor.TLS {
	t := &doctor.TLS{Host: host}
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	c, err := (&tls.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		t.Error = err.Error()
		return t
	}
	defer c.Close()
	for _, cert := range c.(*tls.Conn).ConnectionState().PeerCertificates {
		if t.Expires.IsZero() || cert.NotAfter.Before(t.Expires) {
			t.Expires = cert.NotAfter
		}
	}
	return t
}

// whoAnswers reads the checkpoint at the public address: its first line names the node.
func (a *asker) whoAnswers(ctx context.Context) *doctor.Address {
	out := &doctor.Address{URL: a.cfg.Address, Want: a.cfg.ID.String()}
	body, status, _, err := a.get(ctx, a.cfg.Address+"/journal/checkpoint")
	switch {
	case err != nil:
		out.Error = err.Error()
	case status == http.StatusOK:
		origin, _, _ := strings.Cut(string(body), "\n")
		if out.Found, _, err = journal.ParseOrigin(origin); err != nil {
			out.Error = "what answers there is no maillon"
		}
	case status == http.StatusNotFound: // nothing is published yet
		if body, status, _, err = a.get(ctx, a.cfg.Address+"/healthz"); err == nil && status == http.StatusOK && string(body) == "ok\n" {
			out.Found = out.Want
			break
		}
		out.Error = "what answers there is no maillon"
	default:
		out.Error = fmt.Sprintf("%d %s", status, http.StatusText(status))
	}
	return out
}

// hub asks the hub above what it knows of this node, and compares the clocks.
func (a *asker) hub(ctx context.Context, f *doctor.Facts) {
	j := a.cfg.Federation.Join
	if j == nil {
		if a.cfg.Federation.Hub == nil {
			f.Hub = &doctor.Hub{}
		}
		return
	}
	if j.URL == "" {
		return // learnt from the pool
	}
	h := &doctor.Hub{URL: j.URL, Want: a.cfg.Address, Light: j.AtHub}
	f.Hub = h
	begin := time.Now()
	body, status, date, err := a.get(ctx, j.URL+"/api/v1/nodes/"+a.cfg.ID.String())
	took := time.Since(begin)
	if err != nil {
		h.Error = err.Error()
		return
	}
	if host, err := url.Parse(j.URL); err == nil && !date.IsZero() && host.Hostname() != "localhost" {
		f.Clock = &doctor.Clock{Against: host.Hostname(), Ahead: a.now.Sub(date.Add(-took / 2)).Truncate(time.Second)}
	}
	switch {
	case status == http.StatusNotFound:
	case status != http.StatusOK:
		h.Error = fmt.Sprintf("%d %s", status, http.StatusText(status))
	default:
		var s api.NodeStatus
		if err := json.Unmarshal(body, &s); err != nil {
			h.Error = err.Error()
			return
		}
		h.State, h.Address, h.Fault, h.Size = s.State, s.URL, s.Error, s.Mirrored
		h.Behind = f.Published != nil && a.now.Sub(f.Published.At) > onItsWay
		if h.State == Accepted && !h.Light {
			a.dialBack(ctx, h)
		}
	}
}

// dialBack has the hub try to reach this node now, instead of telling of its last try.
func (a *asker) dialBack(ctx context.Context, h *doctor.Hub) {
	body, status, _, err := a.get(ctx, h.URL+"/federation/v1/reach/"+a.cfg.ID.String())
	var found Reach
	switch {
	case err != nil:
		h.Untried = err.Error()
	case status != http.StatusOK:
		h.Untried = fmt.Sprintf("%d %s", status, http.StatusText(status))
	default:
		if err := json.Unmarshal(body, &found); err != nil {
			h.Untried = err.Error()
			return
		}
		h.Tried, h.Fault = found.At, found.Error
	}
}
