package federation

import "time"

// A Limiter bounds how many announcements are taken from one signer: Burst at
// once, then one every Every. It must be asked after the signature has been
// verified, or a stranger could use up what belongs to another. A signer over
// its limit costs nobody else anything: each has its own count.
//
// What a limiter refuses is not lost. Announcements replace each other, and
// the signer's newest one comes with the next exchange or repair, when there
// is room for it again.
//
// It is not safe for concurrent use.
type Limiter struct {
	Burst int           // at least 1
	Every time.Duration // more than 0

	full map[string]time.Time // signer → when its count is full again
}

// maxSigners bounds a limiter's memory.
const maxSigners = 8192

// DefaultLimiter allows what an honest node needs, which announces at most
// once in the quiet time of its journal (two seconds unless configured), and
// as much again.
func DefaultLimiter() *Limiter { return &Limiter{Burst: 20, Every: time.Second} }

// Allow takes one of the signer's announcements into account and reports
// whether it is within the limit. now may jump: the past costs nothing, and a
// clock set back by more than a full count forgives everything.
func (l *Limiter) Allow(signer string, now time.Time) bool {
	full, room := l.count(signer, now)
	if !room {
		return false
	}
	if l.full == nil {
		l.full = map[string]time.Time{}
	}
	if _, known := l.full[signer]; !known && len(l.full) >= maxSigners {
		l.forget(now)
	}
	l.full[signer] = full.Add(l.Every)
	return true
}

// Room reports what Allow would, and takes nothing into account.
func (l *Limiter) Room(signer string, now time.Time) bool {
	_, room := l.count(signer, now)
	return room
}

func (l *Limiter) count(signer string, now time.Time) (full time.Time, room bool) {
	full = l.full[signer]
	most := time.Duration(l.Burst) * l.Every
	if full.Before(now) || full.Sub(now) > most {
		full = now
	}
	return full, full.Add(l.Every).Sub(now) <= most
}

// forget makes room: it drops the signers whose count is full, and one by
// chance if there is none. A signer dropped too early gains a fresh count,
// which is better than that those who come later get none.
func (l *Limiter) forget(now time.Time) {
	for s, full := range l.full {
		if !full.After(now) {
			delete(l.full, s)
		}
	}
	for s := range l.full {
		if len(l.full) < maxSigners {
			return
		}
		delete(l.full, s)
	}
}
