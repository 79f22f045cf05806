package gossip

import (
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"time"
)

// maxPeers is how many addresses are remembered.
const maxPeers = 64

// lastPeers drops repeated addresses, keeping the later, and all but the last maxPeers.
func lastPeers(peers []string) []string {
	var out []string
	for i, addr := range peers {
		if addr != "" && !slices.Contains(peers[i+1:], addr) {
			out = append(out, addr)
		}
	}
	return slices.Clone(out[max(len(out)-maxPeers, 0):])
}

// maxAlone bounds how long a member that is alone waits between tries.
const maxAlone = 10 // times the profile's pace

// rejoin looks for the pool until ctx ends: at once and eagerly as long as
// this member is alone, then now and then an address that is not alive, in
// case the pool has split.
func (p *Pool) rejoin(ctx context.Context) {
	failures := 0
	for {
		targets := p.rejoinTargets(p.resolve(ctx), p.isAlone())
		if len(targets) > 0 {
			if n, err := p.list.Join(targets); err != nil && ctx.Err() == nil {
				p.log.Debug().Err(err).Strs("peers", targets).Msg("join the pool")
			} else if n > 0 {
				p.log.Debug().Int("members", n).Msg("joined the pool")
			}
		}
		p.savePeers()
		if p.isAlone() {
			failures++
		} else {
			failures = 0
		}
		if !sleep(ctx, rejoinWait(p.profile.rejoin, failures, rand.Float64())) {
			return
		}
	}
}

// rejoinWait is the pace ±50 %. A member that is alone begins at a tenth of it
// and doubles, to ten times the pace.
func rejoinWait(pace time.Duration, alone int, dice float64) time.Duration {
	d := pace
	if alone > 0 {
		d = min(pace/10<<min(alone-1, 16), maxAlone*pace)
	}
	return time.Duration((0.5 + dice) * float64(d))
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (p *Pool) isAlone() bool { return p.alive.Load() <= 1 }

// joinAtOnce bounds how many addresses one try asks, each of which may wait
// for a timeout.
const joinAtOnce = 3

// resolveWait bounds one question to the name service.
const resolveWait = 3 * time.Second

// resolve turns the configured peers into addresses, so that they can be
// compared with those of live members; a peer that has none stays as it is.
func (p *Pool) resolve(ctx context.Context) []string {
	var out []string
	for _, peer := range p.cfg.Peers {
		host, port, err := net.SplitHostPort(peer)
		if err != nil || net.ParseIP(host) != nil {
			out = append(out, peer)
			continue
		}
		wait, cancel := context.WithTimeout(ctx, resolveWait)
		ips, err := net.DefaultResolver.LookupNetIP(wait, "ip", host)
		cancel()
		if err != nil || len(ips) == 0 {
			out = append(out, peer)
			continue
		}
		for _, ip := range ips {
			out = append(out, net.JoinHostPort(ip.Unmap().String(), port))
		}
	}
	return out
}

// rejoinTargets chooses addresses, of those given and those remembered, that
// no live member has: if alone several, else one.
func (p *Pool) rejoinTargets(peers []string, alone bool) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	live := map[string]bool{}
	for _, m := range p.known {
		if m.Alive {
			live[m.Addr] = true
		}
	}
	var out []string
	for _, addr := range slices.Concat(peers, p.peers) {
		if !live[addr] && !slices.Contains(out, addr) {
			out = append(out, addr)
		}
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	if alone {
		return out[:min(len(out), joinAtOnce)]
	}
	return out[:min(len(out), 1)]
}

// savePeers keeps the addresses, if there are new ones.
func (p *Pool) savePeers() {
	if p.cfg.State == nil {
		return
	}
	p.mu.Lock()
	peers := slices.Clone(p.peers)
	p.mu.Unlock()
	p.saving.Lock()
	defer p.saving.Unlock()
	if slices.Equal(peers, p.saved) {
		return
	}
	if err := p.cfg.State.SavePeers(peers); err != nil {
		p.log.Warn().Err(err).Msg("keep the pool's peers")
		return
	}
	p.saved = peers
}
