package federation

import "time"

// A Pace is how often to visit a node.
type Pace struct {
	Every time.Duration // after a success
	First time.Duration // after one failure; doubled after each further one, up to Every
	Most  time.Duration // what a server may ask for with Retry-After is cut to this
}

// NextVisit says how long to leave a node alone. failures counts those since
// the last success; retryAfter is what the server asked for, 0 if nothing;
// dice, from 0 up to 1, spreads visits over ±10 %, so that many nodes that
// failed together do not come back together.
func NextVisit(p Pace, failures int, retryAfter time.Duration, dice float64) time.Duration {
	d := p.Every
	if failures > 0 {
		d = min(p.First<<min(failures-1, 20), p.Every)
		if d <= 0 { // the shift overflowed
			d = p.Every
		}
	}
	d += time.Duration((dice - 0.5) * 0.2 * float64(d))
	return max(d, min(retryAfter, p.Most))
}
