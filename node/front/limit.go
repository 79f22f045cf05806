package front

import (
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bounds of a limiter: how many clients are remembered, and for how long after their
// last request.
const (
	mostClients = 50_000
	forget      = 10 * time.Minute
	shards      = 16
)

// A limiter gives each of many clients a bucket of its own. Its memory is bounded:
// where too many are known, the ones that waited longest are forgotten.
type limiter struct {
	rate  rate.Limit
	burst int
	seed  maphash.Seed
	parts [shards]part
}

type part struct {
	mu    sync.Mutex
	known map[string]*client
	swept time.Time
}

type client struct {
	bucket *rate.Limiter
	seen   time.Time
}

func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{rate: rate.Limit(perSecond), burst: max(burst, 1), seed: maphash.MakeSeed()}
}

// take takes one of a client's tokens, or says how long to wait for the next.
func (l *limiter) take(key string, now time.Time) (time.Duration, bool) {
	p := &l.parts[maphash.String(l.seed, key)%shards]
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.known[key]
	if c == nil {
		p.makeRoom(now)
		c = &client{bucket: rate.NewLimiter(l.rate, l.burst)}
		p.known[key] = c
	}
	c.seen = now
	if c.bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - c.bucket.TokensAt(now)
	return time.Duration(missing / float64(l.rate) * float64(time.Second)), false
}

// makeRoom forgets who has not asked for long, and if that is not enough a quarter of
// all, whoever they are.
func (p *part) makeRoom(now time.Time) {
	if p.known == nil {
		p.known = map[string]*client{}
	}
	if len(p.known) < mostClients/shards && now.Sub(p.swept) < forget {
		return
	}
	p.swept = now
	for key, c := range p.known {
		if now.Sub(c.seen) > forget {
			delete(p.known, key)
		}
	}
	drop := 0
	if len(p.known) >= mostClients/shards {
		drop = len(p.known) / 4
	}
	for key := range p.known {
		if drop == 0 {
			return
		}
		delete(p.known, key)
		drop--
	}
}
